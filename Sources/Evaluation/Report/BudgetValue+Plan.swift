package import Planning
package import PredictionMetrics

// Measures a plan from predictions at the true success rates.

extension BudgetValue {
    /// Measures a plan at the true success rates of its prompts.
    ///
    /// - Parameters:
    ///   - plan: The plan to measure.
    ///   - trueRates: By budget of the plan, in its order: the true success rate, in [0, 1]. Observed rates of few
    ///     rollouts are not true rates; an oracle that plans from them looks too good.
    /// - Throws: `countMismatch`, `probabilityOutOfRange` naming the prompt, or the errors of planning.
    ///
    /// Cost: that of a plan.
    package init(of plan: BudgetPlan, trueRates: [Double]) throws(PlanningError) {
        guard trueRates.count == plan.budgets.count else {
            throw .countMismatch(what: "true rates", expected: plan.budgets.count, found: trueRates.count)
        }
        var truth: [BudgetCandidate] = []
        for (budget, rate) in zip(plan.budgets, trueRates) {
            let belief = try Belief(mean: rate, promptID: budget.promptID)
            truth.append(BudgetCandidate(promptID: budget.promptID, belief: belief, source: .record))
        }
        let oracle = try plan.request.plan(truth)
        let objective = plan.request.objective
        let realised = zip(plan.budgets, trueRates).reduce(0) { $0 + objective.value(of: $1.0.n, at: $1.1) }
        self.init(realised: realised, uniform: oracle.uniformUtility, oracle: oracle.utility)
    }
}
