/// The optimum, by dynamic programming over the total (multiple-choice knapsack): for small problems and for tests.
///
/// `best[t]` is the largest utility of the prompts so far with t units above their floors; every prompt tries every
/// allowed size. Cost: prompts · total · sizes steps. Memory: prompts · total numbers of 16 bits.
public struct ExactAllocator: BudgetAllocator {
    /// Most steps: about one second, and at most 200 MB.
    public static let stepsMax = 1_000_000_000

    /// The solver has no settings.
    public init() {}

    /// The best budgets; among equally good ones, those that give most to the lowest ranks.
    ///
    /// Throws `exactTooLarge` at once, if it would need more than `stepsMax` steps.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let count = problem.beliefs.count
        let sizes = problem.sizes.values
        // A problem can be created only if its total can be reached, so the money is a whole number of units.
        let unit = problem.sizes.unit
        let money = (problem.total - problem.floorTotal) / unit
        // A cell of the table counts as at least ten steps, which bounds the memory of narrow ranges.
        let (cells, cellOverflow) = count.multipliedReportingOverflow(by: money + 1)
        let (steps, stepOverflow) = cells.multipliedReportingOverflow(by: max(10, sizes.count))
        guard !cellOverflow, !stepOverflow, steps <= Self.stepsMax else {
            throw .exactTooLarge(steps: cellOverflow || stepOverflow ? Int.max : steps, limit: Self.stepsMax)
        }
        var best = [Double](repeating: -.infinity, count: money + 1)
        best[0] = 0
        var choices = [Int16](repeating: 0, count: cells)
        // The last rank first, so that reading the table back starts with the lowest rank.
        for rank in (0..<count).reversed() {
            let curve = problem.objective.curve(under: problem.beliefs[rank], upTo: problem.maximum)
            let places = problem.places(of: rank)
            let extras = places.map { (sizes[$0] - sizes[places.lowerBound]) / unit }
            let values = places.map { curve[sizes[$0]] }
            var next = [Double](repeating: -.infinity, count: money + 1)
            for spent in 0...money {
                var chosen = 0
                var value = -Double.infinity
                for index in extras.indices {
                    guard extras[index] <= spent else { break }
                    let candidate = best[spent - extras[index]] + values[index]
                    if candidate >= value {
                        value = candidate
                        chosen = index
                    }
                }
                next[spent] = value
                choices[rank * (money + 1) + spent] = Int16(chosen)
            }
            best = next
        }
        var left = money
        var budgets: [Int] = []
        for rank in 0..<count {
            let floor = problem.places(of: rank).lowerBound
            let budget = sizes[floor + Int(choices[rank * (money + 1) + left])]
            budgets.append(budget)
            left -= (budget - sizes[floor]) / unit
        }
        return Allocation(budgets: budgets, upperBound: best[money])
    }
}
