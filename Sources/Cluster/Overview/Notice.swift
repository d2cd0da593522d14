import Wire

/// Something that went wrong, for people: one sentence without texts of prompts.
public struct Notice: Hashable, Sendable {
    /// Whether work was lost or refused; else the cluster has handled it.
    public let isError: Bool
    /// What happened, to whom, and why.
    public let text: String
    /// When it happened last, on the driver's clock.
    public var last: Instant
    /// How often it happened in a row.
    public var count = 1
}

/// The newest notices; one that repeats is counted.
public struct RecentNotices: Hashable, Sendable {
    /// Oldest first.
    public private(set) var notices: [Notice] = []
    /// Notices that are kept.
    public static let countMax = 32

    /// Nothing went wrong.
    public init() {}

    package mutating func add(_ text: String?, isError: Bool, at now: Instant) {
        guard let text else { return }
        let short = String(text.prefix(Self.lengthMax))
        if let last = notices.indices.last, notices[last].text == short {
            notices[last].count += 1
            notices[last].last = now
            return
        }
        notices.append(Notice(isError: isError, text: short, last: now))
        if notices.count > Self.countMax { notices.removeFirst() }
    }

    private static let lengthMax = 300
}

extension CoordinatorState.LogEvent {
    /// What went wrong; `nil` for events of ordinary operation.
    var fault: String? {
        switch self {
        case .workerLost(let name, _, let reason, let pieces):
            "worker \(name) was lost: \(reason); \(pieces) of its pieces wait for another worker"
        case .workerRefused(let name, let reason): "worker \(name) was refused: \(reason)"
        case .clientLost(let job): "the client of job \(job) has left; the same command continues it"
        case .jobRefused(let job, let reason): "job \(job) was refused: \(reason)"
        case .leaseExpired(let piece, let worker):
            "a piece of shard \(piece.shard) was lost on its way to or from worker \(worker), and waits again"
        case .rowPoisoned(let piece):
            "row \(piece.rows.lowerBound) of shard \(piece.shard) ended every worker that had it, and got an error"
        case .unverified(_, _, let worker, _):
            "shards of worker \(worker) were drawn to be verified, and no other worker was there"
        case .disagreement(let piece, let workers):
            "workers answer shard \(piece.shard) differently: \(workers.joined(separator: ", "))"
        case .workerQuarantined(let name, _, let piece, let withdrawn):
            "worker \(name) gets no more work: two others contradict it on shard \(piece.shard); \(withdrawn) of its "
                + "shards are computed again"
        default: nil
        }
    }

    /// Whether something was refused or lost for good.
    var isError: Bool {
        switch self {
        case .workerRefused, .jobRefused, .rowPoisoned, .disagreement, .workerQuarantined: true
        default: false
        }
    }
}

extension PlannerState.LogEvent {
    /// What went wrong; `nil` for events of ordinary operation.
    var fault: String? {
        switch self {
        case .planEnded(let plan, .fallback, _, _):
            "plan \(plan) has even budgets: no prediction arrived before its deadline"
        case .planEnded(let plan, .degraded, _, _):
            "plan \(plan) was made of some predictions only: its deadline passed"
        case .planRefused(let plan, let reason): "plan \(plan) was refused: \(reason)"
        case .rolloutLost(let name, _, let reason, let assignments):
            "rollout worker \(name) was lost: \(reason); \(assignments) of its prompts wait for another one"
        case .rolloutRefused(let name, let reason): "rollout worker \(name) was refused: \(reason)"
        case .rewardsRejected(let name, let reason): "rewards of \(name) were rejected: \(reason)"
        default: nil
        }
    }

    /// Whether something was refused or lost for good.
    var isError: Bool {
        switch self {
        case .planRefused, .rolloutRefused, .rewardsRejected: true
        default: false
        }
    }
}
