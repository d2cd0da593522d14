public import Planning

/// A prompt of a replayed step.
public struct ReplayPrompt: Hashable, Sendable {
    /// The prompt's id; unique in a step and its pool.
    public let promptID: String
    /// The belief before the step.
    public let belief: Belief
    /// Source of the belief: the model alone, or joined with the prompt's own record.
    public let source: BudgetSource
    /// The source of its rollouts' outcomes.
    public let truth: ReplayTruth

    /// A prompt with its belief and its true outcomes.
    public init(promptID: String, belief: Belief, source: BudgetSource = .model, truth: ReplayTruth) {
        self.promptID = promptID
        self.source = source
        self.belief = belief
        self.truth = truth
    }
}
