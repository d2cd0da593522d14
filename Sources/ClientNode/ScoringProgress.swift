public import Corpora
public import Wire

/// What a progress line shows. A row counts once its answer is durable in the coordinator's journal.
public struct ScoringProgress: Sendable {
    /// Rows of the input, including rejected ones.
    public var rowsTotal: Int
    /// Rows answered, in this run of the client or an earlier one.
    public var rowsDone = 0
    /// Rows answered in this run of the client; the rate is computed from these.
    public var rowsAnswered = 0
    /// Rows with an error so far.
    public var rowErrors = 0
    /// What was read of the input so far, also of rows that an earlier run has answered.
    public var reading = PromptCorpus.Counts()
    /// The latest status of the cluster.
    public var cluster = ClusterStatus(workers: 0, shardsPending: 0, shardsLeased: 0)
    /// The model, once a worker has joined.
    public var model: String?

    /// Nothing done yet.
    public init(rowsTotal: Int) {
        self.rowsTotal = rowsTotal
    }
}
