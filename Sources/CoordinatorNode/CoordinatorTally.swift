import Cluster

/// Counts of the whole process, and of the messages of each tenant.
struct CoordinatorTally {
    var all = CoordinatorCounts()
    /// Tenants are those of admitted keys, so there are few.
    private var tenants: [String: CoordinatorCounts] = [:]

    /// A message of a tenant is read; it was counted for all when it arrived.
    mutating func countReceived(of tenant: String?) {
        if let tenant { tenants[tenant, default: CoordinatorCounts()].received += 1 }
    }

    mutating func countRefused(of tenant: String?) {
        all.refused += 1
        if let tenant { tenants[tenant, default: CoordinatorCounts()].refused += 1 }
    }

    mutating func countSent(to tenant: String?) {
        all.sent += 1
        if let tenant { tenants[tenant, default: CoordinatorCounts()].sent += 1 }
    }

    /// Fills a report with the counts of a scope.
    func fill(_ report: inout CoordinatorReport, in scope: Scope) {
        if scope == .all { return all.fill(&report) }
        scope.tenant.flatMap { tenants[$0] }?.fill(&report)
    }
}
