/// What a prediction is based on.
public struct Evidence: Hashable, Sendable, Codable {
    /// Rows of the context.
    public var contextRows: Int
    /// Other policies with an outcome on the prompt.
    public var references: Int
    /// Whether the policy itself has an earlier one.
    public var ownRecord: Bool

    /// States what there is.
    public init(contextRows: Int, references: Int, ownRecord: Bool) {
        self.contextRows = contextRows
        self.references = references
        self.ownRecord = ownRecord
    }
}
