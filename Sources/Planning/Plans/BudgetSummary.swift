public import Scoring

/// A plan's totals, printed next to its rows.
public struct BudgetSummary: Hashable, Codable, Sendable {
    /// Id of the plan.
    public let planID: String
    /// Number of prompts.
    public let prompts: Int
    /// Rollouts requested.
    public var total: Int
    /// Rollouts that the prompts' caps do not allow.
    public var surplus: Int
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
    /// The limit of expected tokens, or of another cost; absent without one.
    public var totalTokens: Double?
    /// Expected tokens of all answers, and those of answers in groups without a gradient; absent where costs are not known.
    public var expectedTokens, expectedWasteTokens: Double?
    /// What a tenth more of the limit would be worth; absent where caps allow no more.
    public var advice: Advice?

    /// A larger limit, and the expected utility with it.
    public struct Advice: Hashable, Codable, Sendable {
        /// Rollouts or, of plans within a limit of tokens, tokens.
        public let total: Double
        /// Expected utility.
        public let utility: Double

        enum CodingKeys: String, CodingKey {
            case total
            case utility = "expected_signal"
        }
    }

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
        case totalTokens = "total_tokens"
        case expectedTokens = "expected_tokens"
        case expectedWasteTokens = "expected_waste_tokens"
        case advice
    }
}
