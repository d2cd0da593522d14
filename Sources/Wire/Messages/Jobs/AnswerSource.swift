/// Who computed consecutive rows of a shard, and who computed the same once more.
public struct AnswerSource: Hashable, Sendable {
    /// Rows, at least one.
    public var rows: Int
    /// Who computed them; `nil` where the coordinator answered, because the row ended every worker.
    public var worker: WorkerLabel?
    /// Other workers that computed the same, bit for bit; empty for rows that were computed once.
    public var verifiedBy: [WorkerLabel]
    /// Whether the rows were drawn to be computed again, and no other worker was there.
    public var isUnverified: Bool

    /// Names the workers of some rows.
    public init(rows: Int, worker: WorkerLabel?, verifiedBy: [WorkerLabel] = [], isUnverified: Bool = false) {
        self.rows = rows
        self.worker = worker
        self.verifiedBy = verifiedBy
        self.isUnverified = isUnverified
    }

    /// Whether these rows are as right as one worker is, and nobody else has computed them.
    public func rests(on identity: String) -> Bool {
        worker?.identity == identity && verifiedBy.allSatisfy { $0.identity == identity }
    }
}

/// A worker as answers name it.
public struct WorkerLabel: Hashable, Sendable {
    /// As it named itself.
    public var name: String
    /// The name of the key that its connection was opened with; `nil` without keys.
    public var key: String?

    /// Names a worker. Names are cut to what an answer has, so that a worker has the same identity here, in the journal
    /// and at the client.
    public init(name: String, key: String? = nil) {
        self.name = name.cut(to: Limits.workerNameBytesMax)
        self.key = key?.cut(to: Limits.workerNameBytesMax)
    }

    /// Under which workers count as the same one: the key's name. Without keys, the worker's own name up to a "/",
    /// because default names are the host's and the process's number.
    public var identity: String { key ?? String(name.prefix { $0 != "/" }) }
}
