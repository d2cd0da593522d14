public import Scoring

/// What an allocator solves: maximise Σ U_i(B_i) over Σ B_i = total, each B_i one of the allowed sizes and within the
/// prompt's own floor and cap.
///
/// Prompts are known by their rank, their place in the order of ids; among equals the lower rank is served first.
/// No utility falls with a further rollout (`BudgetObjective`), so spending all of the total never costs anything.
/// A problem that exists has a solution: `uniformBudgets` is one.
public struct AllocationProblem: Sendable {
    /// By rank: what is believed of the prompt.
    public let beliefs: [Belief]
    /// What a budget is worth.
    public let objective: BudgetObjective
    /// Rollouts to spend, between the sums of all floors and of all caps.
    public let total: Int
    /// Sizes that a budget may have.
    public let sizes: GroupSizes
    /// As many rollouts for each as for any other, as near as sizes and limits allow; those left over go to the lowest
    /// ranks.
    public let uniformBudgets: [Int]
    /// By rank: places in `sizes` that are allowed; `nil` where all are, for every prompt.
    let places: [ClosedRange<Int>]?
    /// Sum of all floors.
    let floorTotal: Int

    /// Every number of rollouts from `minimum` to `maximum` is allowed, 1 too.
    ///
    /// Throws `noPrompts`, `rangeInvalid`, `totalTooSmall`, or `totalTooLarge` for a total beyond all maxima.
    public init(
        beliefs: [Belief], objective: BudgetObjective, total: Int, minimum: Int, maximum: Int
    ) throws(PlanningError) {
        guard minimum >= 0, minimum <= maximum, maximum <= BudgetRequest.rolloutsMax else {
            throw .rangeInvalid(minimum: minimum, maximum: maximum)
        }
        let sizes = try GroupSizes(minimum: minimum, maximum: maximum, allowed: Array(minimum...maximum))
        try self.init(beliefs: beliefs, objective: objective, total: total, sizes: sizes)
    }

    /// Budgets of the given sizes.
    ///
    /// - Parameter limits: By rank: floor and cap of the prompt, which count as the next size inward.
    /// - Throws: `noPrompts`, `totalTooSmall`, `totalTooLarge`, `totalUnreachable` where no budgets of such sizes add up
    ///   to the total, `limitsInvalid` naming the rank, `countMismatch`.
    public init(
        beliefs: [Belief], objective: BudgetObjective, total: Int, sizes: GroupSizes, limits: [ClosedRange<Int>]? = nil
    ) throws(PlanningError) {
        var places: [ClosedRange<Int>]?
        if let limits {
            var found: [ClosedRange<Int>] = []
            for (rank, range) in limits.enumerated() {
                found.append(
                    try sizes.places(floor: range.lowerBound, cap: range.upperBound, promptID: "of rank \(rank)"))
            }
            places = found
        }
        try self.init(beliefs: beliefs, objective: objective, total: total, sizes: sizes, places: places)
    }

    /// Limits are given as places in `sizes`.
    init(
        beliefs: [Belief], objective: BudgetObjective, total: Int, sizes: GroupSizes, places: [ClosedRange<Int>]?
    ) throws(PlanningError) {
        let count = beliefs.count
        guard count > 0 else { throw .noPrompts }
        // Ranks are kept in 32 bits; the largest product of two of these limits is far from an overflow.
        guard count <= Int(Int32.max) else { throw .totalTooLarge(total: total, prompts: count) }
        guard places.map({ $0.count == count }) ?? true else {
            throw .countMismatch(what: "limits", expected: count, found: places?.count ?? 0)
        }
        let bounds = Self.bounds(sizes, places, count: count)
        guard total >= bounds.lowerBound else {
            throw .totalTooSmall(total: total, prompts: count, least: bounds.lowerBound)
        }
        guard total <= bounds.upperBound else { throw .totalTooLarge(total: total, prompts: count) }
        self.beliefs = beliefs
        self.objective = objective
        self.total = total
        self.sizes = sizes
        self.places = places
        floorTotal = bounds.lowerBound
        uniformBudgets = try UniformBudgets(sizes, places: places, count: count, total: total).budgets
    }

    /// Sums of all floors and of all caps.
    static func bounds(_ sizes: GroupSizes, _ places: [ClosedRange<Int>]?, count: Int) -> ClosedRange<Int> {
        guard let places else { return count * sizes.minimum...count * sizes.maximum }
        var (low, high) = (0, 0)
        for range in places {
            low += sizes.values[range.lowerBound]
            high += sizes.values[range.upperBound]
        }
        return low...high
    }

    /// Smallest size that any prompt may have.
    public var minimum: Int { sizes.minimum }
    /// Largest size that any prompt may have.
    public var maximum: Int { sizes.maximum }

    /// By rank: places of the prompt's floor and cap.
    func places(of rank: Int) -> ClosedRange<Int> { places?[rank] ?? 0...sizes.values.count - 1 }

    /// By rank: the smallest budgets.
    var floors: [Int] {
        places.map { $0.map { sizes.values[$0.lowerBound] } } ?? [Int](repeating: sizes.minimum, count: beliefs.count)
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

    /// For some ranks: expected values by place in `sizes`.
    func values(of ranks: [Int]) -> [[Double]] {
        var block = UtilityBlock(objective: objective, budgetMax: maximum)
        var values: [[Double]] = []
        for start in stride(from: 0, to: ranks.count, by: UtilityBlock.width) {
            let chosen = ranks[start..<min(start + UtilityBlock.width, ranks.count)].map { beliefs[$0] }
            block.fill(chosen[...], upTo: maximum)
            for lane in chosen.indices { values.append(sizes.values.map { block.values[$0][lane] }) }
        }
        return values
    }
}

/// Budgets for an `AllocationProblem`, by rank, and how good they can be at best.
public struct Allocation: Hashable, Sendable {
    /// By rank: rollouts; their sum is the problem's total.
    public let budgets: [Int]
    /// Expected utility that no budgets for this problem can exceed.
    public let upperBound: Double
    /// λ, what the next rollout would be worth: the slope at which the total ran out. `nil` from a solver that has none.
    public let price: Double?

    /// What an allocator has found.
    public init(budgets: [Int], upperBound: Double, price: Double? = nil) {
        self.budgets = budgets
        self.upperBound = upperBound
        self.price = price
    }
}

/// What all solvers have in common.
public protocol BudgetAllocator: Sendable {
    /// Solves a problem: allowed sizes, to the rollout, whatever the order of the input.
    func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation
}
