public import Scoring

/// One line of a written plan: `{"prompt_id","n","p","kappa","source","reason","plan_id"}`.
public struct BudgetRow: Hashable, Codable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Rollouts.
    public let n: Int
    /// Expected success probability; absent where nothing is known.
    public let p: Double?
    /// Concentration of the belief; absent for a point estimate, since JSON has no infinity, and where nothing is known.
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
    /// What divides every budget.
    public let multipleOf: Int
    /// The only sizes allowed; absent where every multiple in the range is.
    public let groupSizes: [Int]?
    /// Prompts that got rollouts against their prediction.
    public let explored: Int
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
    /// λ, what the next rollout would be worth; absent from solvers that have none.
    public let price: Double?
    /// Expected number of groups without advantage.
    public let zeroGroups: Double

    enum CodingKeys: String, CodingKey {
        case planID = "plan_id"
        case prompts, total, surplus
        case minimum = "n_min"
        case maximum = "n_max"
        case multipleOf = "multiple_of"
        case groupSizes = "group_sizes"
        case explored = "explored_prompts"
        case objective, solver
        case uniformReason = "uniform_reason"
        case utility = "expected_signal"
        case uniformUtility = "expected_signal_uniform"
        case upperBound = "upper_bound"
        case gap, price
        case zeroGroups = "expected_zero_groups"
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

    /// The plan's header.
    public var summary: BudgetSummary {
        BudgetSummary(
            planID: id, prompts: budgets.count, total: request.total, surplus: surplus, minimum: request.minimum,
            maximum: request.maximum, multipleOf: request.multipleOf, groupSizes: request.groupSizes?.sorted(),
            explored: budgets.count { $0.source == .explore }, objective: request.objective, solver: request.solver,
            uniformReason: uniformReason, utility: utility, uniformUtility: uniformUtility, upperBound: upperBound,
            gap: gap, price: price, zeroGroups: zeroGroups)
    }
}
