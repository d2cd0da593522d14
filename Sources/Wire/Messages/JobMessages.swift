public import Scoring

// What a client and the coordinator send about a job.

/// Opens a job, or continues it after an interruption.
public struct SubmitJob: Hashable, Sendable {
    /// Drawn by the client once, and kept with its output.
    public var job: JobID
    /// Whose rollouts the predictions are about.
    public var policy: Policy
    /// The context set that every row of the job is predicted under.
    public var context: ContextBlock
    /// The model that answers the job.
    public var fingerprint: Digest
    /// The client has stored the answers of the shards below this number.
    public var confirmedBelow: UInt32

    /// Describes a job.
    public init(job: JobID, policy: Policy, context: ContextBlock, fingerprint: Digest, confirmedBelow: UInt32) {
        self.job = job
        self.policy = policy
        self.context = context
        self.fingerprint = fingerprint
        self.confirmedBelow = confirmedBelow
    }
}

/// The coordinator accepts a job, on these terms.
public struct JobAccepted: Hashable, Sendable {
    /// The job that is accepted.
    public var job: JobID
    /// Rows that may be submitted and not yet confirmed.
    public var windowRows: Int
    /// Tokens that may be submitted and not yet answered.
    public var windowTokens: Int
    /// Shards that need not be submitted again.
    public var held: [UInt32]

    /// States the terms.
    public init(
        job: JobID, windowRows: Int, windowTokens: Int, held: [UInt32] = []
    ) {
        self.held = held
        self.job = job
        self.windowRows = windowRows
        self.windowTokens = windowTokens
    }
}

/// Why the coordinator refuses a job.
public enum JobRefusal: Hashable, Sendable {
    case fingerprint
    case capacity
    case context
}

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

    /// Answers a shard.
    public init(job: JobID, shard: UInt32, answers: AnswerBlock, faults: [RowFault]) {
        self.job = job
        self.shard = shard
        self.answers = answers
        self.faults = faults
    }
}
