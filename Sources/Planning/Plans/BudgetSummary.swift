public import Scoring

/// A plan's totals, printed next to its rows.
public struct BudgetSummary: Hashable, Codable, Sendable {
    /// Id of the plan.
    public let planID: String
    /// Number of prompts.
    public let prompts: Int
    /// Rollouts requested.
    public let total: Int
    /// Rollouts that the prompts' caps do not allow.
    public let surplus: Int
    /// Smallest allowed budget.
    public let minimum: Int
    /// Largest allowed budget.
    public let maximum: Int
    /// Every budget is a multiple of this.
    public let multipleOf: Int
    /// The only allowed sizes; absent where every multiple in the range is allowed.
    public let groupSizes: [Int]?
    /// Prompts that are explored against their prediction.
    public let explored: Int
    /// The objective.
    public let objective: BudgetObjective
    /// The solver.
    public let solver: BudgetSolver
    /// Why the plan is uniform; absent if it is the solver's.
    public let uniformReason: UniformReason?
    /// Expected utility under the beliefs.
    public let utility: Double
    /// Expected utility of the uniform plan.
    public let uniformUtility: Double
    /// Upper bound of the expected utility of any plan.
    public let upperBound: Double
    /// (upperBound − utility)/upperBound.
    public let gap: Double
    /// λ, the value of one more rollout; absent from solvers that have none.
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
