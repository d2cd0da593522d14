public import Scoring

/// What is known of a prompt that wants a budget.
public struct BudgetCandidate: Hashable, Sendable {
    /// The prompt; unique in a request.
    public let promptID: String
    /// What is believed of its success probability.
    public let belief: Belief
    /// Where the belief comes from.
    public let source: BudgetSource
    /// Least budget of this prompt, counted as the next allowed size above; `nil` is the request's.
    public let floor: Int?
    /// Largest budget of this prompt, counted as the next allowed size below; `nil` is the request's.
    public let cap: Int?

    /// A prompt and what is believed of it.
    public init(
        promptID: String, belief: Belief, source: BudgetSource = .model, floor: Int? = nil, cap: Int? = nil
    ) {
        self.promptID = promptID
        self.belief = belief
        self.source = source
        self.floor = floor
        self.cap = cap
    }
}

/// Where the reason for a budget comes from.
public enum BudgetSource: String, CaseIterable, Codable, Sendable {
    /// A value model's prediction.
    case model
    /// The prompt's own record, joined to the prediction.
    case record
    /// A turn at exploration, against the prediction.
    case explore
    /// The uniform plan: nothing that is known of the prompt was used.
    case uniform
    /// No plan could be made, or nothing is known of the prompt.
    case fallback
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

/// What a plan is asked for: how many rollouts, in which sizes, to what end.
public struct BudgetRequest: Hashable, Sendable {
    /// T, the step's total number of rollouts.
    public var total: Int
    /// Least budget of a prompt; 0 allows to skip prompts.
    public var minimum: Int
    /// Largest budget of a prompt, at most `rolloutsMax`.
    public var maximum: Int
    /// What divides every budget, and the total.
    public var multipleOf = 1
    /// The only sizes allowed, all in the range; `nil` allows every multiple in it.
    public var groupSizes: [Int]?
    /// What a budget is worth.
    public var objective: BudgetObjective
    /// How budgets are found.
    public var solver: BudgetSolver
    /// Rollouts kept for prompts predicted hopeless or solved; `nil` keeps none.
    public var exploration: Exploration?
    /// A plan must expect to gain more than this over the uniform plan, as a share of its utility, or it is uniform.
    ///
    /// By default what sums of many terms may differ in their last digits.
    public var gainMin = 1e-9

    /// Most rollouts one prompt may get.
    public static let rolloutsMax = PlanLimits.rollouts.upperBound

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

    /// The sizes that budgets may have. Throws what `GroupSizes` throws.
    public func sizes() throws(PlanningError) -> GroupSizes {
        try GroupSizes(minimum: minimum, maximum: maximum, multipleOf: multipleOf, allowed: groupSizes)
    }

    /// Budgets for the candidates, in their order; budgets, utility and id do not depend on that order.
    ///
    /// Rollouts beyond what all caps allow are stated as the plan's surplus; but for those, budgets add up to the total
    /// or there is no plan: a trainer that is promised a batch size and gets another one pads, hangs or stops. A plan
    /// that expects no more than the uniform plan is the uniform plan, and says so.
    ///
    /// - Throws: `noPrompts`, `duplicatePrompt`, `totalTooSmall` with both numbers, `totalNotMultiple` and
    ///   `totalUnreachable` with the nearest totals, `totalTooLarge`, `limitsInvalid`, `exactTooLarge`, and what `sizes`
    ///   throws.
    public func plan(_ candidates: [BudgetCandidate]) throws(PlanningError) -> BudgetPlan {
        let order = try PromptOrder(candidates.map(\.promptID))
        let (problem, explored) = try problem(candidates, order)
        let uniformUtility = problem.utility(of: problem.uniformBudgets)
        let allocation = try solver.allocator.allocate(problem)
        let utility = problem.utility(of: allocation.budgets)
        let isGain = utility > uniformUtility * (1 + gainMin)
        return BudgetPlan(
            request: self, candidates: candidates, order: order, problem: problem,
            outcome: .init(
                budgets: isGain ? allocation.budgets : problem.uniformBudgets, explored: explored,
                uniformReason: isGain ? nil : .noExpectedGain, utility: isGain ? utility : uniformUtility,
                uniformUtility: uniformUtility, upperBound: allocation.upperBound, price: allocation.price))
    }

    /// The uniform plan for the candidates, with what it is expected to be worth: for a step in which planning is only
    /// watched, or its predictions came too late. Throws as `plan`.
    public func uniformPlan(
        _ candidates: [BudgetCandidate], because reason: UniformReason
    ) throws(PlanningError) -> BudgetPlan {
        var request = self
        request.exploration = nil
        let order = try PromptOrder(candidates.map(\.promptID))
        let (problem, _) = try request.problem(candidates, order)
        let utility = problem.utility(of: problem.uniformBudgets)
        return BudgetPlan(
            request: self, candidates: candidates, order: order, problem: problem,
            outcome: .init(
                budgets: problem.uniformBudgets, explored: [], uniformReason: reason, utility: utility,
                uniformUtility: utility, upperBound: utility, price: nil))
    }

    /// Budgets where nothing at all is known of the prompts, in their order: even, in allowed sizes, marked `fallback`.
    ///
    /// Nothing is stated as expected, since nothing is. Throws as `plan`.
    public func fallback(
        promptIDs: [String], because reason: UniformReason
    ) throws(PlanningError) -> [BudgetPlan.Budget] {
        let order = try PromptOrder(promptIDs)
        let sizes = try sizes()
        guard !promptIDs.isEmpty else { throw .noPrompts }
        let bounds = AllocationProblem.bounds(sizes, nil, count: promptIDs.count)
        try checkMultiple()
        guard total >= bounds.lowerBound else {
            throw .totalTooSmall(total: total, prompts: promptIDs.count, least: bounds.lowerBound)
        }
        let budgets = try UniformBudgets(
            sizes, places: nil, count: promptIDs.count, total: min(total, bounds.upperBound)
        ).budgets
        var n = [Int](repeating: 0, count: promptIDs.count)
        for (rank, row) in order.rows.enumerated() { n[row] = budgets[rank] }
        return zip(promptIDs, n).map {
            BudgetPlan.Budget(
                promptID: $0, n: $1, p: nil, kappa: nil, source: .fallback, reason: BudgetReason(reason))
        }
    }

    /// What the solvers see, by rank, and whose floors are raised for exploration.
    private func problem(
        _ candidates: [BudgetCandidate], _ order: PromptOrder
    ) throws(PlanningError) -> (AllocationProblem, explored: [Int]) {
        let sizes = try sizes()
        try checkMultiple()
        let beliefs = order.rows.map { candidates[$0].belief }
        var places: [ClosedRange<Int>]?
        if exploration != nil || candidates.contains(where: { $0.floor != nil || $0.cap != nil }) {
            var found: [ClosedRange<Int>] = []
            for row in order.rows {
                let candidate = candidates[row]
                found.append(
                    try sizes.places(floor: candidate.floor, cap: candidate.cap, promptID: candidate.promptID))
            }
            places = found
        }
        let total = min(total, AllocationProblem.bounds(sizes, places, count: beliefs.count).upperBound)
        let make = { (places: [ClosedRange<Int>]?) throws(PlanningError) in
            try AllocationProblem(
                beliefs: beliefs, objective: objective, total: total, sizes: sizes, places: places)
        }
        guard let exploration, let given = places, !beliefs.isEmpty else { return (try make(places), []) }
        return try ExplorationFloors.raising(
            exploration, beliefs: beliefs, id: { candidates[order.rows[$0]].promptID }, places: given, sizes: sizes,
            total: total, make: make)
    }

    /// Throws `totalNotMultiple`.
    func checkMultiple() throws(PlanningError) {
        // A number below 1 is refused with the sizes.
        guard multipleOf > 1, total % multipleOf != 0 else { return }
        // Downwards also below 0; the next multiple may be beyond all numbers.
        let below = total - (total % multipleOf + multipleOf) % multipleOf
        let above = below.addingReportingOverflow(multipleOf)
        throw .totalNotMultiple(
            total: total, multipleOf: multipleOf, below: below, above: above.overflow ? below : above.partialValue)
    }
}
