public import Scoring

/// The problem that allocators solve: maximise Σ U_i(B_i) subject to Σ B_i = total, where each B_i is an allowed size
/// between the prompt's own floor and cap.
///
/// Prompts are identified by rank, their position in the order of ids. For ties, the lower rank is first. No utility
/// falls when a rollout is added (`BudgetObjective`), so spending the whole total never costs anything. Every problem
/// that can be created has a solution: `uniformBudgets` is one.
public struct AllocationProblem: Sendable {
    /// By rank: the belief about the prompt.
    public let beliefs: [Belief]
    /// The objective, which gives the value of a budget.
    public let objective: BudgetObjective
    /// Rollouts to spend; between the sum of all floors and the sum of all caps.
    public let total: Int
    /// Allowed sizes of a budget.
    public let sizes: GroupSizes
    /// Equal budgets, as nearly as sizes and limits allow. The lowest ranks get the remaining rollouts.
    public let uniformBudgets: [Int]
    /// By rank: range of allowed indices in `sizes`; `nil` if every prompt may have all sizes.
    let places: [ClosedRange<Int>]?
    /// Sum of all floors.
    let floorTotal: Int

    /// A problem in which every number of rollouts from `minimum` to `maximum` is allowed, including 1.
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

    /// A problem with the given sizes.
    ///
    /// - Parameter limits: By rank: floor and cap of the prompt. Each is rounded inward to an allowed size.
    /// - Throws: `noPrompts`, `totalTooSmall`, `totalTooLarge`, `totalUnreachable` where no allowed budgets add up to
    ///   the total, `limitsInvalid` naming the rank, `countMismatch`.
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

    /// A problem whose limits are ranges of indices in `sizes`.
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

    /// The sum of all floors and the sum of all caps.
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

    /// Indices in `sizes` of a prompt's floor and cap.
    func places(of rank: Int) -> ClosedRange<Int> { places?[rank] ?? 0...sizes.values.count - 1 }

    /// By rank: the smallest allowed budget.
    var floors: [Int] {
        places.map { $0.map { sizes.values[$0.lowerBound] } } ?? [Int](repeating: sizes.minimum, count: beliefs.count)
    }

    /// Sum over prompts of the expected value of their budgets.
    ///
    /// Precondition: a budget for each prompt. Cost: for each prompt, a curve up to its budget.
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

    /// For some ranks: expected values by index in `sizes`.
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
