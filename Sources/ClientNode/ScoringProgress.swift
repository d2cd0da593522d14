public import Wire

/// What a progress line shows. Rows count once they are answered and durable with the coordinator.
public struct ScoringProgress: Sendable {
    /// Rows of the input, rejected ones with them.
    public var rowsTotal: Int
    /// Rows answered, in this life of the client or an earlier one.
    public var rowsDone = 0
    /// Rows answered in this life; what the rate is made of.
    public var rowsAnswered = 0
    /// Rows with an error so far.
    public var rowErrors = 0
    /// The cluster, as it was last heard.
    public var cluster = ClusterStatus(workers: 0, shardsPending: 0, shardsLeased: 0)
    /// The model, once a worker has come.
    public var model: String?

    /// Nothing done yet.
    public init(rowsTotal: Int) {
        self.rowsTotal = rowsTotal
    }
}
