import OrderedCollections
import Wire

// Tenants: whose work a worker gets, what each may keep, and what each sees.

extension CoordinatorState {
    /// Rows of a tenant's jobs that were answered since the start.
    struct TenantRows: Sendable {
        var answered = 0
        var errors = 0

        mutating func add(_ answer: ShardAnswer) {
            answered += answer.answers.count
            errors += answer.faults.count
        }
    }

    /// Pieces that a worker holds at most where there are tenants: each waits for those of the others, also while they are on their
    /// way. A worker whose model is fast grants more.
    private static let sharedLeasesMax = 8

    /// What a worker may hold of what it grants.
    func lendable(_ granted: Credit) -> Credit {
        guard shares > 1 else { return granted }
        return Credit(rows: granted.rows, tokens: granted.tokens, pieces: min(granted.pieces, Self.sharedLeasesMax))
    }

    /// What one tenant may use of a bound that all would fill together.
    func share(of bound: Int) -> Int { max(1, bound / shares) }

    /// Why a worker of a tenant finds no place; `nil` where it does. Workers of no tenant work for all, so only the bound of
    /// all holds for them.
    func fullness(for peer: Peer) -> String? {
        guard workers.count < configuration.workersMax else {
            return "this coordinator has its \(configuration.workersMax) workers; start another coordinator"
        }
        guard let tenant = peer.tenant else { return nil }
        let own = workers.sessions.values.count { $0.peer.tenant == tenant }
        guard own >= share(of: configuration.workersMax) else { return nil }
        return "the tenant \"\(tenant)\" has its \(own) workers already"
    }

    /// The levels that a tenant may know: workers that compute for it, pieces of its own jobs. `nil` is the cluster itself,
    /// whose workers compute for all. Cost: a look at each worker and job.
    func status(seenBy tenant: String?) -> ClusterStatus {
        guard shares > 1 || tenant != nil else { return status }
        let own = jobs.values.indices.filter { jobs.values[$0].tenant == tenant }
        let serving = workers.sessions.values.filter { $0.serves(tenant) }
        return ClusterStatus(
            workers: serving.count, shardsPending: own.reduce(0) { $0 + jobs.values[$1].pendingCount },
            shardsLeased: own.reduce(0) { $0 + jobs.values[$1].leasedCount },
            rangeWorkers: serving.count { $0.readsRanges })
    }

    /// The levels that the holder of a worker's key may know: a worker of no tenant is the operator's.
    func status(forWorkerAt peer: Peer) -> ClusterStatus { peer.tenant == nil ? status : status(seenBy: peer.tenant) }

    /// Workers in quarantine that may have computed for a tenant.
    func quarantined(seenBy tenant: String?) -> [String] {
        quarantined.filter { identity in quarantineTenants[identity].map { $0 == tenant } ?? true }
    }

    /// The tenant that may read of an event: only events of its jobs that name nobody else.
    package func tenant(of event: LogEvent) -> String? {
        switch event {
        case .clientLost(let id), .jobRefused(let id, _): jobs[id]?.tenant
        case .rowPoisoned(let piece): jobs[piece.job]?.tenant
        default: nil
        }
    }
}
