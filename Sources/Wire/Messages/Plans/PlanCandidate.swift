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
    /// Expected tokens of one answer, above 0; `nil` where reports decide.
    public var expectedTokens: Double?
    /// Expected tokens of all its answers are not more than this; `nil` is no cap.
    public var tokensMax: Int?

    /// A prompt.
    public init(
        promptID: String, text: String = "", minimum: Int? = nil, maximum: Int? = nil, covariates: [Covariate] = [],
        references: [NamedOutcome] = [], expectedTokens: Double? = nil, tokensMax: Int? = nil
    ) {
        self.promptID = promptID
        self.text = text
        self.minimum = minimum
        self.maximum = maximum
        self.covariates = covariates
        self.references = references
        self.expectedTokens = expectedTokens
        self.tokensMax = tokensMax
    }
}
