/// Recent notices: all of them for operators, and those that each tenant may read.
struct TenantNotices: Sendable {
    private var all = RecentNotices()
    private var tenants: [String: RecentNotices] = [:]

    /// Adds a notice. A tenant reads what is about its own policies and jobs; `nil` is for operators alone.
    mutating func add(_ text: String?, isError: Bool, of tenant: String?, at now: Instant) {
        all.add(text, isError: isError, at: now)
        guard let tenant, text != nil else { return }
        tenants[tenant, default: RecentNotices()].add(text, isError: isError, at: now)
    }

    /// The notices of a scope, oldest first.
    func notices(in scope: Scope) -> [Notice] {
        guard scope != .all else { return all.notices }
        return scope.tenant.flatMap { tenants[$0] }?.notices ?? []
    }
}
