/// What budgets planned from predictions turned out to be worth at the prompts' true success rates.
public struct BudgetValue: Hashable, Codable, Sendable {
    /// Utility of the planned budgets at the true rates.
    public let realised: Double
    /// Utility of the uniform plan at the true rates.
    public let uniform: Double
    /// Utility of budgets planned from the true rates, by the same solver in the same range.
    public let oracle: Double

    /// Gain over the uniform plan, realised/uniform − 1; `nil` where uniform budgets are worth nothing.
    public var gain: Double? { uniform > 0 ? realised / uniform - 1 : nil }
    /// The oracle's gain over the uniform plan; `nil` where uniform budgets are worth nothing.
    public var oracleGain: Double? { uniform > 0 ? oracle / uniform - 1 : nil }
    /// (realised − uniform)/(oracle − uniform): 1 is as good as knowing the truth, 0 as good as knowing nothing, below
    /// 0 worse than not planning. `nil` where the truth itself gains nothing.
    public var share: Double? { oracle > uniform ? (realised - uniform) / (oracle - uniform) : nil }
}

extension EvaluationMetrics {
    /// Judges a plan by the true success rates of its prompts.
    ///
    /// - Parameters:
    ///   - plan: The plan to judge.
    ///   - trueRates: By budget of the plan, in its order: the true success rate, in [0, 1]. Observed rates of few
    ///     rollouts are not true rates; an oracle that plans from them is flattered.
    /// - Throws: `countMismatch`, `probabilityOutOfRange` naming the prompt, or what planning throws.
    ///
    /// Cost: that of a plan.
    public static func budgetValue(of plan: BudgetPlan, trueRates: [Double]) throws(PlanningError) -> BudgetValue {
        guard trueRates.count == plan.budgets.count else {
            throw .countMismatch(what: "true rates", expected: plan.budgets.count, found: trueRates.count)
        }
        var truth: [BudgetCandidate] = []
        for (budget, rate) in zip(plan.budgets, trueRates) {
            let belief = try Belief(mean: rate, promptID: budget.promptID)
            truth.append(BudgetCandidate(promptID: budget.promptID, belief: belief))
        }
        let oracle = try plan.request.plan(truth)
        let objective = plan.request.objective
        let realised = zip(plan.budgets, trueRates).reduce(0) { $0 + objective.value(of: $1.0.n, at: $1.1) }
        return BudgetValue(realised: realised, uniform: oracle.uniformUtility, oracle: oracle.utility)
    }
}
