public import Scoring

/// A request for a plan: total, allowed sizes and objective. `plan` solves it.
public struct BudgetRequest: Hashable, Sendable {
    /// T, the total number of rollouts of the step.
    public var total: Int
    /// Smallest budget of a prompt; 0 allows skipping prompts.
    public var minimum: Int
    /// Largest budget of a prompt, at most `rolloutsMax`.
    public var maximum: Int
    /// Every budget, and the total, is a multiple of this.
    public var multipleOf = 1
    /// The only allowed sizes, all in the range; `nil` allows every multiple in it.
    public var groupSizes: [Int]?
    /// The objective.
    public var objective: BudgetObjective
    /// The solver.
    public var solver: BudgetSolver
    /// Exploration of prompts that are predicted hopeless or solved; `nil` explores none.
    public var exploration: Exploration?
    /// If the expected gain over the uniform plan, as a share of its utility, is not above this, the plan is uniform.
    ///
    /// The default is about the rounding error of long sums.
    public var gainMin = 1e-9

    /// Most rollouts of one prompt.
    public static let rolloutsMax = PlanLimits.rollouts.upperBound

    /// A request; the default range is the paper's, 2…128.
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

    /// The allowed sizes of budgets. Throws the errors of `GroupSizes`.
    public func sizes() throws(PlanningError) -> GroupSizes {
        try GroupSizes(minimum: minimum, maximum: maximum, multipleOf: multipleOf, allowed: groupSizes)
    }

    /// A plan with budgets in the order of the candidates. Budgets, utility and id do not depend on that order.
    ///
    /// Rollouts that the caps do not allow are the plan's surplus. Without them the budgets add up to the total
    /// exactly, or there is no plan: a trainer that expects one batch size and gets another pads, hangs or stops. If
    /// the solver's plan expects no gain over the uniform plan, also if its predictions are doubted (`DoubtedGain`), the
    /// result is the uniform plan and states so.
    ///
    /// - Throws: `noPrompts`, `duplicatePrompt`, `totalTooSmall` with both numbers, `totalNotMultiple` and
    ///   `totalUnreachable` with the nearest totals, `totalTooLarge`, `limitsInvalid`, `exactTooLarge`, and the errors
    ///   of `sizes`.
    public func plan(_ candidates: [BudgetCandidate]) throws(PlanningError) -> BudgetPlan {
        let order = try PromptOrder(candidates.map(\.promptID))
        let (problem, explored) = try problem(candidates, order)
        let uniformUtility = problem.utility(of: problem.uniformBudgets)
        let allocation = try solver.allocator.allocate(problem)
        let utility = problem.utility(of: allocation.budgets)
        let isGain = DoubtedGain(problem, candidates, rows: order.rows)
            .isPositive(allocation.budgets, utility: utility, uniform: uniformUtility, least: gainMin)
        return BudgetPlan(
            request: self, candidates: candidates, order: order, problem: problem,
            outcome: .init(
                budgets: isGain ? allocation.budgets : problem.uniformBudgets, explored: explored,
                uniformReason: isGain ? nil : .noExpectedGain, utility: isGain ? utility : uniformUtility,
                uniformUtility: uniformUtility, upperBound: allocation.upperBound, price: allocation.price))
    }

    /// The uniform plan for the candidates, with its expected value: for a step in which planning is only observed, or
    /// whose predictions arrived too late. Throws the errors of `plan`.
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

    /// Equal budgets for prompts about which nothing is known, in their order: in allowed sizes, marked `fallback`.
    ///
    /// There are no expected values. Throws the errors of `plan`.
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

    /// The problem for the solvers, by rank, and the ranks whose floors are raised for exploration.
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
        // `sizes` rejects a number below 1.
        guard multipleOf > 1, total % multipleOf != 0 else { return }
        // Rounded down also below 0. The next multiple may overflow.
        let below = total - (total % multipleOf + multipleOf) % multipleOf
        let above = below.addingReportingOverflow(multipleOf)
        throw .totalNotMultiple(
            total: total, multipleOf: multipleOf, below: below, above: above.overflow ? below : above.partialValue)
    }
}
