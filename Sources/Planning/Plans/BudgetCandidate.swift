/// A prompt that needs a budget, with the belief about it.
public struct BudgetCandidate: Hashable, Sendable {
    /// The prompt's id; unique in a request.
    public let promptID: String
    /// The belief about its success probability.
    public let belief: Belief
    /// Source of the belief.
    public let source: BudgetSource
    /// Smallest budget of this prompt, rounded up to an allowed size; `nil` is the request's minimum.
    public let floor: Int?
    /// Largest budget of this prompt, rounded down to an allowed size; `nil` is the request's maximum.
    public let cap: Int?

    /// A prompt with its belief.
    public init(
        promptID: String, belief: Belief, source: BudgetSource = .model, floor: Int? = nil, cap: Int? = nil
    ) {
        self.promptID = promptID
        self.belief = belief
        self.source = source
        self.floor = floor
        self.cap = cap
    }
}

/// Source of a budget.
public enum BudgetSource: String, CaseIterable, Codable, Sendable {
    /// A value model's prediction.
    case model
    /// A prediction joined with the prompt's own record.
    case record
    /// Exploration, against the prediction.
    case explore
    /// The uniform plan: no belief was used.
    case uniform
    /// No plan could be made, or there is no belief about the prompt.
    case fallback
}
