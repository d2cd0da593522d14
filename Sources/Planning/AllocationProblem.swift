/// What an allocator solves: maximise Σ U_i(B_i) over Σ B_i = total, minimum ≤ B_i ≤ maximum.
///
/// Prompts are known by their rank, their place in the order of ids; among equals the lower rank is served first.
/// No utility falls with a further rollout (`BudgetObjective`), so spending all of the total never costs anything.
public struct AllocationProblem: Sendable {
    /// By rank: what is believed of the prompt.
    public let beliefs: [Belief]
    /// What a budget is worth.
    public let objective: BudgetObjective
    /// Rollouts to spend, from `beliefs.count · minimum` to `beliefs.count · maximum`.
    public let total: Int
    /// Least budget of a prompt.
    public let minimum: Int
    /// Largest budget of a prompt.
    public let maximum: Int

    /// Throws `noPrompts`, `rangeInvalid`, `totalTooSmall`, or `totalTooLarge` for a total beyond all maxima.
    public init(
        beliefs: [Belief], objective: BudgetObjective, total: Int, minimum: Int, maximum: Int
    ) throws(PlanningError) {
        guard !beliefs.isEmpty else { throw .noPrompts }
        guard minimum >= 0, minimum <= maximum, maximum <= BudgetRequest.rolloutsMax else {
            throw .rangeInvalid(minimum: minimum, maximum: maximum)
        }
        // Ranks are kept in 32 bits; the largest product of two of these limits is far from an overflow.
        guard beliefs.count <= Int(Int32.max) else { throw .totalTooLarge(total: total, prompts: beliefs.count) }
        guard total >= beliefs.count * minimum else {
            throw .totalTooSmall(total: total, prompts: beliefs.count, minimum: minimum)
        }
        guard total <= beliefs.count * maximum else { throw .totalTooLarge(total: total, prompts: beliefs.count) }
        self.beliefs = beliefs
        self.objective = objective
        self.total = total
        self.minimum = minimum
        self.maximum = maximum
    }

    /// As many rollouts for each as for any other, to within one; those left over go to the lowest ranks.
    public var uniformBudgets: [Int] {
        let (each, over) = total.quotientAndRemainder(dividingBy: beliefs.count)
        return beliefs.indices.map { each + ($0 < over ? 1 : 0) }
    }

    /// Σ over prompts of the expected value of their budgets.
    ///
    /// Precondition: a budget for each prompt. Cost: a curve up to the budget for each prompt.
    public func utility(of budgets: [Int], objective: BudgetObjective? = nil) -> Double {
        precondition(budgets.count == beliefs.count, "utility of \(budgets.count) budgets for \(beliefs.count) prompts")
        var block = UtilityBlock(objective: objective ?? self.objective, budgetMax: budgets.max() ?? 0)
        var sum = 0.0
        for start in stride(from: 0, to: beliefs.count, by: UtilityBlock.width) {
            let end = min(start + UtilityBlock.width, beliefs.count)
            block.fill(beliefs[start..<end], upTo: budgets[start..<end].max() ?? 0)
            for rank in start..<end { sum += block.values[budgets[rank]][rank - start] }
        }
        return sum
    }
}

/// Budgets for an `AllocationProblem`, by rank, and how good they can be at best.
public struct Allocation: Hashable, Sendable {
    /// By rank: rollouts; their sum is the problem's total.
    public let budgets: [Int]
    /// Expected utility that no budgets for this problem can exceed.
    public let upperBound: Double

    /// What an allocator has found.
    public init(budgets: [Int], upperBound: Double) {
        self.budgets = budgets
        self.upperBound = upperBound
    }
}

/// What all solvers have in common.
public protocol BudgetAllocator: Sendable {
    /// Solves a problem: in range, to the rollout, whatever the order of the input.
    func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation
}
