import CommandSupport
import Planning

/// A plan of `statezero plan`, with what it is expected to cost where that is known.
struct PricedPlan {
    let plan: BudgetPlan
    /// By candidate: expected cost of a rollout.
    let lengths: [Double]?
    /// Of all budgets.
    let tokens: ExpectedTokens?
    /// The limit that was given.
    let limit: TokenLimit?
    private let hasTotal: Bool

    /// A plan for the total, or within the limit of tokens where there is one. Without a total, only caps limit rollouts.
    init(
        _ request: BudgetRequest, total: Int?, _ candidates: [BudgetCandidate], lengths: [Double]?,
        tokens limit: Double?
    ) throws(PlanningError) {
        self.lengths = lengths
        hasTotal = total != nil
        var request = request
        guard let limit, let lengths else {
            let plan = try request.plan(candidates)
            self.plan = plan
            self.limit = nil
            tokens = lengths.map {
                ExpectedTokens(budgets: plan.budgets.map(\.n), lengths: $0, beliefs: candidates.map(\.belief))
            }
            return
        }
        guard request.exploration == nil else { throw .tokensWithExploration }
        if total == nil { request.total = try request.sizes().maximum * candidates.count }
        let within = try TokenLimit(lengths: lengths, total: limit)
        let found = try TokenPlan(request, candidates, within: within)
        plan = found.plan
        tokens = found.tokens
        self.limit = within
    }

    /// The summary, with costs.
    var summary: BudgetSummary {
        var summary = plan.summary
        summary.totalTokens = limit?.total
        if !hasTotal { (summary.total, summary.surplus) = (plan.total, 0) }
        summary.expectedTokens = tokens?.all
        summary.expectedWasteTokens = tokens?.waste
        return summary
    }
}
