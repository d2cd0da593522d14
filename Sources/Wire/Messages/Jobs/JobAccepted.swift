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
    /// Identities of workers whose answers are withdrawn, where nobody else has computed the same.
    public var quarantined: [String]

    /// States the terms.
    public init(job: JobID, windowRows: Int, windowTokens: Int, held: [UInt32] = [], quarantined: [String] = []) {
        self.job = job
        self.windowRows = windowRows
        self.windowTokens = windowTokens
        self.held = held
        self.quarantined = quarantined
    }
}
