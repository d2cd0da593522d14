/// Rows of a job, in corpus order.
public struct SubmitShard: Hashable, Sendable {
    /// The job that the shard belongs to.
    public var job: JobID
    /// The shard's number in its job, from 0.
    public var shard: UInt32
    /// Tokens of its texts, as the client estimates them: some four bytes each.
    public var tokens: Int
    /// Equal for equal texts; decides which worker gets the shard by preference.
    public var affinity: UInt64
    /// The shard's prompts, in corpus order.
    public var texts: TextBlock

    /// Submits a shard.
    public init(job: JobID, shard: UInt32, tokens: Int, affinity: UInt64, texts: TextBlock) {
        self.job = job
        self.shard = shard
        self.tokens = tokens
        self.affinity = affinity
        self.texts = texts
    }
}
