import Keys

/// Which tenants the journal's thread throttles, because others use the journal too.
///
/// Turns alone do not help a tenant that has little: whenever it comes, the thread is in the middle of another's transaction. So
/// while several tenants have something to keep, each has a token bucket that is filled with half of the time that passes. A
/// tenant that is alone is not throttled. For one thread.
package struct JournalShares {
    private struct Account {
        /// Seconds of the thread.
        var bucket: TokenBucket
        var usedAt: Duration
    }

    private var accounts: [String?: Account] = [:]
    private let start: ContinuousClock.Instant

    /// Part of the time that a tenant may use, and seconds that it may use at once.
    private static let share = 0.5
    private static let secondsAtOnce = 0.002
    /// Seconds that it may have used too many: it is throttled for twice as long at most, however long one of its requests took.
    private static let debtMax = 0.02
    /// A tenant that has kept nothing for so long does not count as another.
    private static let activeTime: Duration = .seconds(1)

    /// Nobody has used anything. No later instant may be before `start`.
    package init(start: ContinuousClock.Instant = .now) {
        self.start = start
    }

    /// Whether a tenant has to wait. Cost: a look at each tenant, where it has used much.
    package func isThrottled(_ tenant: String?, at now: ContinuousClock.Instant) -> Bool {
        guard let account = accounts[tenant], account.bucket.isEmpty(at: now - start) else { return false }
        return accounts.contains { $0.key != tenant && now - start - $0.value.usedAt < Self.activeTime }
    }

    /// Records that something of a tenant took so long.
    package mutating func add(_ time: Duration, of tenant: String?, at now: ContinuousClock.Instant) {
        let now = now - start
        var bucket =
            accounts[tenant]?.bucket ?? TokenBucket(perSecond: Self.share, most: Self.secondsAtOnce, at: now)
        bucket.takeUsed(time / .seconds(1), debtMax: Self.debtMax, at: now)
        accounts[tenant] = Account(bucket: bucket, usedAt: now)
    }
}
