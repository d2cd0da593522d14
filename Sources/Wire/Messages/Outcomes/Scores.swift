public import Scoring

/// The answer to a request for scores.
public struct Scores: Hashable, Sendable {
    /// Whose answer this is.
    public var request: UInt64
    /// The context they were predicted under.
    public var context: Digest
    /// Its rows.
    public var contextRows: Int
    /// The model that predicted.
    public var fingerprint: ModelFingerprint
    /// A record for each query, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Queries without a prediction.
    public var faults: [RowFault]
    /// What each prediction is based on; empty where only texts were used.
    public var evidence: [Evidence]

    /// Answers.
    public init(
        request: UInt64, context: Digest, contextRows: Int, fingerprint: ModelFingerprint, answers: AnswerBlock,
        faults: [RowFault], evidence: [Evidence] = []
    ) {
        self.request = request
        self.context = context
        self.contextRows = contextRows
        self.fingerprint = fingerprint
        self.answers = answers
        self.faults = faults
        self.evidence = evidence
    }
}
