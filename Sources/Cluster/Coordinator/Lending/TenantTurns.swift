/// Whose turn it is: tenants that share workers get equal parts of what these are lent.
///
/// Start-time fair queueing (Goyal, Vin and Cheng, 1996). Each tenant has an account: what it was lent, in tokens. The one with
/// the lowest account is next. A tenant that comes back after a pause begins where the others are: it is next at once,
/// but it cannot save up a turn while it needs none, nor forget by a pause what it was lent beyond the others.
///
/// What a tenant's own workers are lent does not count: nobody else could have had it. Cost of each call: a look at the tenants
/// that wait, and at those that have stopped to since.
struct TenantTurns: Sendable {
    private struct Account {
        var tokens: Int
        var isWaiting: Bool
    }

    /// A tenant may be behind another by so much. Where its piece does not fit beside what a worker holds, the others
    /// get the worker's room until then; from then on, the worker's room is kept for it.
    let lagMax: Int
    private var accounts: [String?: Account] = [:]
    /// The account of the tenant that was served last, when its turn began; it never falls.
    private var virtualTime = 0

    init(lagMax: Int) {
        self.lagMax = lagMax
    }

    /// The order of a tenant: the lowest is next.
    func account(of tenant: String?) -> Int { accounts[tenant]?.tokens ?? virtualTime }

    /// Whether a tenant must wait for another one, whose piece does not fit yet.
    func mustWait(_ tenant: String?, for other: String?) -> Bool {
        tenant != other && account(of: tenant) - account(of: other) > lagMax
    }

    /// Records which tenants have a piece that waits. It is called before each choice, so a tenant that is not among them has
    /// had nothing to wait for since the last one.
    mutating func setWaiting(_ tenants: Set<String?>) {
        for (tenant, account) in accounts where !tenants.contains(tenant) {
            accounts[tenant] = account.tokens > virtualTime ? Account(tokens: account.tokens, isWaiting: false) : nil
        }
        for tenant in tenants where accounts[tenant]?.isWaiting != true {
            accounts[tenant] = Account(tokens: max(accounts[tenant]?.tokens ?? 0, virtualTime), isWaiting: true)
        }
    }

    /// Records that a worker that computes for all is lent something of a tenant.
    mutating func record(_ tokens: Int, of tenant: String?) {
        virtualTime = max(virtualTime, account(of: tenant))
        accounts[tenant, default: Account(tokens: virtualTime, isWaiting: true)].tokens += tokens
        // One whose pieces no shared worker could run would otherwise have them alone for as long, once one can.
        for (waiting, account) in accounts where account.tokens < virtualTime - lagMax {
            accounts[waiting]?.tokens = virtualTime - lagMax
        }
    }

    /// What cannot be, a sentence each; for tests and simulation.
    var brokenInvariants: [String] {
        accounts.compactMap { tenant, account in
            account.tokens < virtualTime - lagMax
                ? "\(tenant ?? "no tenant") is behind by \(virtualTime - account.tokens) tokens" : nil
        }
    }
}
