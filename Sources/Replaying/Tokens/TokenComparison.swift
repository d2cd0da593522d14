/// Plans by tokens against plans by rollouts, for the same tokens of answers; over all steps and seeds of a log.
public struct TokenComparison: Codable, Sendable {
    /// Where the lengths that plans are made of come from.
    public enum Lengths: String, CaseIterable, Codable, Sendable {
        /// The prompt's own earlier answers, and those of the policy: what reports have shown before the step.
        case reported
        /// The logged answers of the step itself.
        case known
    }

    /// Where lengths come from.
    public let lengths: Lengths
    /// Utility of plans by rollouts and of plans by tokens, at the true rates. Means over seeds.
    public let utility, tokenUtility: Double
    /// Tokens of the answers of both, as logged. Those of plans by tokens are as many, or fewer by less than one group.
    public let tokens, tokensOfTokenPlans: Double
    /// Rollouts of both.
    public let rollouts, tokenRollouts: Double
    /// Paired difference of utility, as a share of the utility of plans by rollouts. The error is the larger of those
    /// over seeds and over prompts.
    public let gain: ReplayFigure

    enum CodingKeys: String, CodingKey {
        case lengths, utility
        case tokenUtility = "token_utility"
        case tokens
        case tokensOfTokenPlans = "tokens_of_token_plans"
        case rollouts
        case tokenRollouts = "token_rollouts"
        case gain
    }
}
