internal import Planning
internal import PredictionMetrics

/// Value of plans from one context's predictions, at the observed rates.
///
/// Only queries of several rollouts are planned: the outcome of one rollout is not a rate. A rate of few rollouts is
/// not the true rate either. So the oracle, which plans from it, looks too good, and all shares are slightly too small.
struct RealisedBudgets {
    /// Prompts of the plan.
    let prompts: Int
    /// The plan from the belief: mean and concentration.
    let belief: BudgetValue
    /// The plan from the mean, as if it were certain.
    let meanAlone: BudgetValue
    /// Gain of the plan from the belief over the uniform plan that it expects itself; `nil` where that has no value.
    let expectedGain: Double?

    /// Fewest prompts of a plan. A training step has at least this many.
    static let promptsMin = 20

    /// `nil` for a predictor without concentrations, for contexts with mostly one rollout per prompt, and for fewer
    /// than `promptsMin` prompts. Throws the errors of planning.
    init?(_ queries: ScoredQueries, range: EvaluationOptions.BudgetRange) throws(PlanningError) {
        guard let kappas = queries.kappas, queries.isMostlyRepeated else { return nil }
        let rows = (0..<queries.count).filter { queries.rollouts[$0] > 1 }
        guard rows.count >= Self.promptsMin else { return nil }
        let rates = rows.map { queries.scores[$0] }
        let request = BudgetRequest(
            total: rows.count * range.mean, minimum: range.minimum, maximum: range.maximum)
        var candidates: [BudgetCandidate] = []
        var points: [BudgetCandidate] = []
        for row in rows {
            let id = queries.promptIDs[row]
            let (mean, kappa) = (queries.predictions[row], kappas[row])
            candidates.append(
                BudgetCandidate(promptID: id, belief: try Belief(mean: mean, kappa: kappa, promptID: id)))
            points.append(BudgetCandidate(promptID: id, belief: try Belief(mean: mean, promptID: id)))
        }
        prompts = rows.count
        let plan = try request.plan(candidates)
        expectedGain = plan.expectedGain
        belief = try BudgetValue(of: plan, trueRates: rates)
        meanAlone = try BudgetValue(of: request.plan(points), trueRates: rates)
    }
}
