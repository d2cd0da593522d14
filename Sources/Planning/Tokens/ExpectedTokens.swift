import Scoring

/// What budgets are expected to cost in tokens, and how much of it is wasted on groups without a gradient.
public struct ExpectedTokens: Hashable, Sendable {
    /// Of all answers.
    public let all: Double
    /// Of answers in groups whose rewards are all equal.
    public let waste: Double

    /// Adds up budgets with their answers' expected lengths and beliefs, each in the same order.
    ///
    /// Precondition: as many of each. Cost: a curve for each prompt.
    public init(budgets: [Int], lengths: [Double], beliefs: [Belief]) {
        var (all, waste) = (0.0, 0.0)
        for ((n, length), belief) in zip(zip(budgets, lengths), beliefs) where n > 0 {
            let tokens = Double(n) * length
            all += tokens
            waste += tokens * max(0, 1 - BudgetObjective.mixedGroupProbability.expectedValue(of: n, under: belief))
        }
        self.all = all
        self.waste = waste
    }
}
