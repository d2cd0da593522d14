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
    /// Numbers and categories of it, each name once.
    public var covariates: [Covariate]
    /// Outcomes of other policies on it, each name once.
    public var references: [NamedOutcome]

    /// A prompt.
    public init(
        promptID: String, text: String = "", minimum: Int? = nil, maximum: Int? = nil, covariates: [Covariate] = [],
        references: [NamedOutcome] = []
    ) {
        self.promptID = promptID
        self.text = text
        self.minimum = minimum
        self.maximum = maximum
        self.covariates = covariates
        self.references = references
    }
}
