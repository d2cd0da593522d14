public import Scoring

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
    /// The client has stored the answers of the shards below this number. A new job has none.
    public var confirmedBelow: UInt32 = 0
    /// Rows of the whole input, for people; 0 where they are not known.
    public var rowsTotal = 0
    /// Rows of the shards below `confirmedBelow`, for people.
    public var rowsConfirmed = 0
    /// Share of the shards that another worker computes again, in [0, 1].
    public var verify = 0.0

    /// Describes a new job.
    public init(job: JobID, policy: Policy, context: ContextBlock, fingerprint: Digest) {
        self.job = job
        self.policy = policy
        self.context = context
        self.fingerprint = fingerprint
    }
}
