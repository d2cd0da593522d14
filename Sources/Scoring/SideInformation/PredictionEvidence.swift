/// What the predictions of a prepared context rest on, beside the text of the prompt.
public struct PredictionEvidence: Hashable, Sendable {
    /// The policy's own outcomes in the context.
    public let contextRows: Int
    /// References that count: they have outcomes on prompts of the context or of its pool, and a weight that is not near 0.
    public let references: Int
    /// Whether an old record of the policy itself is in use.
    public let ownRecord: Bool

    /// Lists the counts.
    public init(contextRows: Int, references: Int = 0, ownRecord: Bool = false) {
        self.contextRows = contextRows
        self.references = references
        self.ownRecord = ownRecord
    }
}
