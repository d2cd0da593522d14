/// What is known of a prompt that wants a budget.
public struct BudgetCandidate: Hashable, Sendable {
    /// The prompt; unique in a request.
    public let promptID: String
    /// What is believed of its success probability.
    public let belief: Belief
    /// Where the belief comes from.
    public let source: BudgetSource

    /// A prompt and what is believed of it.
    public init(promptID: String, belief: Belief, source: BudgetSource = .model) {
        self.promptID = promptID
        self.belief = belief
        self.source = source
    }
}

/// Where the reason for a budget comes from.
public enum BudgetSource: String, Codable, Sendable {
    /// A value model's prediction.
    case model
    /// The prompt's own record, joined to the prediction.
    case history
    /// The uniform plan: nothing that is known of the prompt was used.
    case uniform
}

/// How budgets are found.
public enum BudgetSolver: String, CaseIterable, Codable, Sendable {
    /// `EnvelopeAllocator`, with a stated distance from the optimum.
    case envelope
    /// `GreedyAllocator`, the paper's.
    case greedy
    /// `ExactAllocator`, for small problems.
    case exact

    /// The solver itself.
    var allocator: any BudgetAllocator {
        switch self {
        case .envelope: EnvelopeAllocator()
        case .greedy: GreedyAllocator()
        case .exact: ExactAllocator()
        }
    }
}

/// What a plan is asked for: how many rollouts, in which range, to what end.
public struct BudgetRequest: Hashable, Sendable {
    /// T, the step's total number of rollouts.
    public var total: Int
    /// Least budget of a prompt; 0 allows to skip prompts.
    public var minimum: Int
    /// Largest budget of a prompt, at most `rolloutsMax`.
    public var maximum: Int
    /// What a budget is worth.
    public var objective: BudgetObjective
    /// How budgets are found.
    public var solver: BudgetSolver

    /// Most rollouts one prompt may get.
    public static let rolloutsMax = 1024

    /// The paper's range by default, 2…128.
    public init(
        total: Int, minimum: Int = 2, maximum: Int = 128, objective: BudgetObjective = .expectedContrast,
        solver: BudgetSolver = .envelope
    ) {
        self.total = total
        self.minimum = minimum
        self.maximum = maximum
        self.objective = objective
        self.solver = solver
    }

    /// Budgets for the candidates, in their order; budgets, utility and id do not depend on that order.
    ///
    /// Rollouts beyond `candidates.count · maximum` are stated as the plan's surplus. A plan that expects no more than
    /// the uniform plan is the uniform plan, and says so.
    ///
    /// - Throws: `noPrompts`, `duplicatePrompt`, `rangeInvalid`, `totalTooSmall` with both numbers, `totalTooLarge`,
    ///   `exactTooLarge`.
    public func plan(_ candidates: [BudgetCandidate]) throws(PlanningError) -> BudgetPlan {
        let order = try PromptOrder(candidates.map(\.promptID))
        let (capacity, overflow) = candidates.count.multipliedReportingOverflow(by: maximum)
        let problem = try AllocationProblem(
            beliefs: order.rows.map { candidates[$0].belief }, objective: objective,
            total: overflow ? total : min(total, max(capacity, 0)), minimum: minimum, maximum: maximum)
        let uniform = problem.uniformBudgets
        let uniformUtility = problem.utility(of: uniform)
        let allocation = try solver.allocator.allocate(problem)
        let utility = problem.utility(of: allocation.budgets)
        // Sums of many terms differ in their last digits; a gain that small is none.
        let isGain = utility > uniformUtility * (1 + 1e-9)
        return BudgetPlan(
            request: self, candidates: candidates, rows: order.rows, problem: problem,
            budgets: isGain ? allocation.budgets : uniform, uniformReason: isGain ? nil : .noExpectedGain,
            utility: isGain ? utility : uniformUtility, uniformUtility: uniformUtility,
            upperBound: allocation.upperBound)
    }
}
