internal import Planning

/// What plans made from one context's predictions are worth at the rates that were observed.
///
/// Planned are the queries of several rollouts: one rollout's answer is no rate. A rate of few rollouts is not the true
/// one either, so the oracle, which plans from it, is flattered, and all shares with it a little too small.
struct RealisedBudgets {
    /// Prompts that were planned for.
    let prompts: Int
    /// Planned under the belief, mean and concentration.
    let belief: BudgetValue
    /// Planned as if the mean were certain.
    let meanAlone: BudgetValue

    /// Fewer prompts than this are no step of a training.
    static let promptsMin = 20

    /// `nil` for a predictor without concentrations, for contexts that are mostly of one rollout a prompt, and for
    /// fewer than 20 prompts. Throws what planning refuses.
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
        belief = try EvaluationMetrics.budgetValue(of: request.plan(candidates), trueRates: rates)
        meanAlone = try EvaluationMetrics.budgetValue(of: request.plan(points), trueRates: rates)
    }
}
