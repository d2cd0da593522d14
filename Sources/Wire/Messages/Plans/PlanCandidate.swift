/// A prompt that needs a budget.
public struct PlanCandidate: Hashable, Sendable {
    /// Unique in its plan.
    public var promptID: String
    /// Its text; empty if the coordinator knows it under this id.
    public var text: String
    /// Its own least budget.
    public var minimum: Int?
    /// Its own largest budget.
    public var maximum: Int?

    /// A prompt.
    public init(promptID: String, text: String = "", minimum: Int? = nil, maximum: Int? = nil) {
        self.promptID = promptID
        self.text = text
        self.minimum = minimum
        self.maximum = maximum
    }
}
