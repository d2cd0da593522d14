/// One line of a plan's file: `{"prompt_id","n","p","kappa","source","reason","plan_id"}`.
public struct BudgetRow: Hashable, Codable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Rollouts.
    public let n: Int
    /// Expected success probability; absent where it is unknown.
    public let p: Double?
    /// Concentration of the belief; absent where it is unknown, and for a point estimate, because JSON has no infinity.
    public let kappa: Double?
    /// Source of the belief, or `uniform`.
    public let source: BudgetSource
    /// Why the prompt has this budget.
    public let reason: BudgetReason
    /// Id of the plan.
    public let planID: String

    enum CodingKeys: String, CodingKey {
        case promptID = "prompt_id"
        case n, p, kappa, source, reason
        case planID = "plan_id"
    }
}

extension BudgetPlan {
    /// The plan's lines, in the order of the request.
    public var rows: [BudgetRow] {
        budgets.map {
            BudgetRow(
                promptID: $0.promptID, n: $0.n, p: $0.p, kappa: $0.kappa.flatMap { $0.isFinite ? $0 : nil },
                source: $0.source, reason: $0.reason, planID: id)
        }
    }

    /// The plan's summary.
    public var summary: BudgetSummary {
        BudgetSummary(
            planID: id, prompts: budgets.count, total: request.total, surplus: surplus, minimum: request.minimum,
            maximum: request.maximum, multipleOf: request.multipleOf, groupSizes: request.groupSizes?.sorted(),
            explored: budgets.count { $0.source == .explore }, objective: request.objective, solver: request.solver,
            uniformReason: uniformReason, utility: utility, uniformUtility: uniformUtility, upperBound: upperBound,
            gap: gap, price: price, zeroGroups: zeroGroups,
            advice: advice.map { .init(total: $0.total, utility: utility + $0.utility) })
    }
}
