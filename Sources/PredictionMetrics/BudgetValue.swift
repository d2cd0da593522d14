/// Value of budgets that were planned from predictions, measured at the prompts' true success rates.
public struct BudgetValue: Hashable, Codable, Sendable {
    /// Utility of the planned budgets at the true rates.
    public let realised: Double
    /// Utility of the uniform plan at the true rates.
    public let uniform: Double
    /// Utility of budgets planned from the true rates, by the same solver in the same range.
    public let oracle: Double

    /// Three utilities at the true rates.
    public init(realised: Double, uniform: Double, oracle: Double) {
        self.realised = realised
        self.uniform = uniform
        self.oracle = oracle
    }

    /// Gain over the uniform plan, realised/uniform − 1; `nil` where uniform budgets have no value.
    public var gain: Double? { uniform > 0 ? realised / uniform - 1 : nil }
    /// The oracle's gain over the uniform plan; `nil` where uniform budgets have no value.
    public var oracleGain: Double? { uniform > 0 ? oracle / uniform - 1 : nil }
    /// (realised − uniform)/(oracle − uniform): 1 is as good as knowing the true rates, 0 as good as knowing nothing,
    /// below 0 worse than not planning. `nil` where the true rates gain nothing.
    public var share: Double? {
        // Sums in another order differ in their last digits, and a share of that would be any number.
        oracle > uniform * (1 + 1e-9) ? (realised - uniform) / (oracle - uniform) : nil
    }
}
