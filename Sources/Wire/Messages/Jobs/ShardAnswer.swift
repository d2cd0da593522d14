/// The coordinator's answer to a shard.
public struct ShardAnswer: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// A record for each of the shard's rows, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Rows without a prediction, counted within the shard.
    public var faults: [RowFault]
    /// Who computed the rows, in order; their rows add up to the shard's. Empty from a coordinator that does not say.
    public var sources: [AnswerSource]

    /// Answers a shard.
    public init(job: JobID, shard: UInt32, answers: AnswerBlock, faults: [RowFault], sources: [AnswerSource] = []) {
        self.job = job
        self.shard = shard
        self.answers = answers
        self.faults = faults
        self.sources = sources
    }
}
