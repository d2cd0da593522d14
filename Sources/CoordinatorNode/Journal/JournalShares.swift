/// Which tenants the journal's thread leaves waiting for a while, because others use the journal too.
///
/// Turns alone do not help a tenant that has little: whenever it comes, the thread is in the middle of another's. So while
/// several tenants have something to keep, each gets half of the time at most: it may use some milliseconds at once, and rests
/// for as long as what it used beyond that. A tenant that is alone never rests. For one thread.
package struct JournalShares {
    private struct Account {
        /// Time that it may still use at once; below zero it rests.
        var time: Duration
        /// When that was so.
        var at: ContinuousClock.Instant
    }

    private var accounts: [String?: Account] = [:]

    package init() {}

    /// Time that a tenant may use at once.
    private static let timeMax: Duration = .milliseconds(2)
    /// So much time it gets back in the time that passes.
    private static let share = 0.5
    /// It rests twice as long at most, however long one of its requests took.
    private static let debtMax: Duration = .milliseconds(20)
    /// A tenant that has kept nothing for so long does not count as another.
    private static let activeTime: Duration = .seconds(1)

    /// Whether a tenant has to wait. Cost: a look at each tenant, where it has used much.
    package func rests(_ tenant: String?, at now: ContinuousClock.Instant) -> Bool {
        guard let account = accounts[tenant], time(of: account, at: now) <= .zero else { return false }
        return accounts.contains { $0.key != tenant && now - $0.value.at < Self.activeTime }
    }

    /// Records that something of a tenant took so long.
    package mutating func add(_ time: Duration, of tenant: String?, at now: ContinuousClock.Instant) {
        let left = accounts[tenant].map { self.time(of: $0, at: now) } ?? Self.timeMax
        accounts[tenant] = Account(time: max(left - time, .zero - Self.debtMax), at: now)
    }

    private func time(of account: Account, at now: ContinuousClock.Instant) -> Duration {
        min(account.time + (now - account.at) * Self.share, Self.timeMax)
    }
}
