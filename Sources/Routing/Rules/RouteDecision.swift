/// Which model a prompt goes to, and why.
public struct RouteDecision: Hashable, Sendable {
    /// Index in the fleet's models; `nil` when no model can take the prompt.
    public let model: Int?
    /// Why.
    public let reason: Reason
    /// The chosen model and those behind it, best first: who is asked next when an endpoint fails.
    public let ranking: [Int]

    /// Why a model was chosen. Raw values stand in logs, headers and answers; they are an interface.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// It has the best score under the rule.
        case bestScore = "best_score"
        /// The cheapest of those that reach the target.
        case cheapestReachingTarget = "cheapest_reaching_target"
        /// None reaches the target; this one comes nearest.
        case belowTarget = "below_target"
        /// No model has enough history; the fleet's default takes it.
        case insufficientEvidence = "insufficient_evidence"
        /// The request named this model, so nothing was decided.
        case named
        /// The prompt holds something other than text; the fleet's default takes it.
        case unreadablePrompt = "unreadable_prompt"
        /// Too many decisions were waiting, or deciding took too long; the fleet's default takes it.
        case undecided
        /// No model takes so long a prompt.
        case promptTooLong = "prompt_too_long"
        /// Every model is cooling down or at its limit.
        case noneAvailable = "none_available"
    }

    /// A decision.
    public init(model: Int?, reason: Reason, ranking: [Int]) {
        self.model = model
        self.reason = reason
        self.ranking = ranking
    }
}
