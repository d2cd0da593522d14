/// What a progress line shows of the cluster.
public struct ClusterStatus: Hashable, Sendable {
    /// Workers that are alive, whether they have work or not.
    public var workers: Int
    /// Pieces of any job in the queue, to be lent.
    public var shardsPending: Int
    /// Pieces of any job in the hands of workers.
    public var shardsLeased: Int
    /// Workers that read row ranges.
    public var rangeWorkers: Int

    /// Counts.
    public init(workers: Int, shardsPending: Int, shardsLeased: Int, rangeWorkers: Int = 0) {
        self.workers = workers
        self.shardsPending = shardsPending
        self.shardsLeased = shardsLeased
        self.rangeWorkers = rangeWorkers
    }
}
