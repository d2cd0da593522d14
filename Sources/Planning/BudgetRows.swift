/// One line of a written plan: `{"prompt_id","n","p","kappa","source","reason","plan_id"}`.
public struct BudgetRow: Hashable, Codable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Rollouts.
    public let n: Int
    /// Expected success probability.
    public let p: Double
    /// Concentration of the belief; absent for a point estimate, since JSON has no infinity.
    public let kappa: Double?
    /// Where the belief comes from, or `uniform`.
    public let source: BudgetSource
    /// Why this many.
    public let reason: BudgetReason
    /// The plan it belongs to.
    public let planID: String

    enum CodingKeys: String, CodingKey {
        case promptID = "prompt_id"
        case n, p, kappa, source, reason
        case planID = "plan_id"
    }
}

/// What is said of a plan as a whole, beside its rows.
public struct BudgetSummary: Hashable, Codable, Sendable {
    /// The plan.
    public let planID: String
    /// Prompts in it.
    public let prompts: Int
    /// Rollouts asked for.
    public let total: Int
    /// Rollouts that no prompt had room for.
    public let surplus: Int
    /// Least budget allowed.
    public let minimum: Int
    /// Largest budget allowed.
    public let maximum: Int
    /// What budgets were to maximise.
    public let objective: BudgetObjective
    /// How they were found.
    public let solver: BudgetSolver
    /// Why this is the uniform plan; absent if it is the solver's.
    public let uniformReason: UniformReason?
    /// Expected utility under the beliefs.
    public let utility: Double
    /// The uniform plan's.
    public let uniformUtility: Double
    /// What no plan exceeds.
    public let upperBound: Double
    /// (upperBound − utility)/upperBound.
    public let gap: Double
    /// Expected number of groups without advantage.
    public let zeroGroups: Double

    enum CodingKeys: String, CodingKey {
        case planID = "plan_id"
        case prompts, total, surplus
        case minimum = "n_min"
        case maximum = "n_max"
        case objective, solver
        case uniformReason = "uniform_reason"
        case utility = "expected_signal"
        case uniformUtility = "expected_signal_uniform"
        case upperBound = "upper_bound"
        case gap
        case zeroGroups = "expected_zero_groups"
    }
}

extension BudgetPlan {
    /// The plan's lines, in the order of the request.
    public var rows: [BudgetRow] {
        budgets.map {
            BudgetRow(
                promptID: $0.promptID, n: $0.n, p: $0.p, kappa: $0.kappa.isFinite ? $0.kappa : nil, source: $0.source,
                reason: $0.reason, planID: id)
        }
    }

    /// The plan's header.
    public var summary: BudgetSummary {
        BudgetSummary(
            planID: id, prompts: budgets.count, total: request.total, surplus: surplus, minimum: request.minimum,
            maximum: request.maximum, objective: request.objective, solver: request.solver,
            uniformReason: uniformReason, utility: utility, uniformUtility: uniformUtility, upperBound: upperBound,
            gap: gap, zeroGroups: zeroGroups)
    }
}
