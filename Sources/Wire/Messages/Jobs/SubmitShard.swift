import Scoring

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
    /// The shard's rows, in corpus order.
    public var content: ShardContent

    /// What the shard counts in its job's window: its tokens, and its side information at four bytes a token.
    ///
    /// A client's own estimate counts only where it is higher than the size of its rows: the window bounds memory.
    public var windowTokens: Int {
        max(tokens, TokenEstimate.roundedDown(bytes: content.bytesCount))
            + TokenEstimate.roundedDown(bytes: content.side?.bytesCount ?? 0)
    }

    /// Submits a shard.
    public init(job: JobID, shard: UInt32, tokens: Int, affinity: UInt64, content: ShardContent) {
        self.job = job
        self.shard = shard
        self.tokens = tokens
        self.affinity = affinity
        self.content = content
    }

    /// Submits texts.
    public init(job: JobID, shard: UInt32, tokens: Int, affinity: UInt64, texts: TextBlock) {
        self.init(job: job, shard: shard, tokens: tokens, affinity: affinity, content: .texts(texts))
    }
}
