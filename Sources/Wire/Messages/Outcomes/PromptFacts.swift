/// What is known about a prompt beside its text.
public struct PromptFacts: Hashable, Sendable {
    /// Numbers and categories, each name once.
    public var covariates: [Covariate]
    /// Outcomes of other policies on it, each name once.
    public var references: [NamedOutcome]

    /// Collects what is known.
    public init(covariates: [Covariate] = [], references: [NamedOutcome] = []) {
        self.covariates = covariates
        self.references = references
    }

    /// Whether nothing is known.
    public var isEmpty: Bool { covariates.isEmpty && references.isEmpty }
}

extension PlanCandidate {
    /// What is known about it beside its text.
    public var facts: PromptFacts { PromptFacts(covariates: covariates, references: references) }
}
