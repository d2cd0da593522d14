/// Which model a prompt goes to, and why.
public struct RouteDecision: Hashable, Sendable {
    /// Index in the fleet's models; `nil` if no model can answer the prompt.
    public let model: Int?
    /// Why it was chosen.
    public let reason: Reason
    /// The chosen model and the next ones, best first: the order of attempts if an endpoint fails.
    public let ranking: [Int]

    /// Why a model was chosen. Raw values appear in logs, headers and answers, so they never change.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// It has the best score under the rule.
        case bestScore = "best_score"
        /// It is the cheapest that reaches the target.
        case cheapestReachingTarget = "cheapest_reaching_target"
        /// No model reaches the target; this one is nearest to it.
        case belowTarget = "below_target"
        /// No model has enough history, so the fleet's default is used.
        case insufficientEvidence = "insufficient_evidence"
        /// The request named this model, so nothing was decided.
        case named
        /// The session used this model before.
        case session
        /// No model accepts what the request has: images, tools and so on.
        case unsupported
        /// The prompt contains something other than text, so the fleet's default is used.
        case unreadablePrompt = "unreadable_prompt"
        /// Too many decisions were waiting, or deciding took too long, so the fleet's default is used.
        case undecided
        /// The prompt is too long for every model.
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
