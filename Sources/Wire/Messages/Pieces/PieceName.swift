/// A run of rows of one shard that a worker holds, in its `attempt`-th lending.
public struct PieceName: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// The piece's rows within the shard, at least one.
    public var rows: Range<Int>
    /// Number of this lending of the rows, from 1.
    public var attempt: UInt32

    /// Names a piece.
    public init(job: JobID, shard: UInt32, rows: Range<Int>, attempt: UInt32) {
        self.job = job
        self.shard = shard
        self.rows = rows
        self.attempt = attempt
    }
}
