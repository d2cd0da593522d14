/// The optimum, by dynamic programming over the total (multiple-choice knapsack): for small problems and as oracle.
///
/// `best[t]` is the largest utility of the prompts so far with t rollouts above their minima; every prompt tries every
/// budget. Cost: prompts · total · range steps, prompts · total numbers of 16 bits.
public struct ExactAllocator: BudgetAllocator {
    /// Most steps it will do: about a second, and at most 200 MB.
    public static let stepsMax = 1_000_000_000

    /// Makes the solver; it has no settings.
    public init() {}

    /// The best budgets there are; among equally good ones, those that give most to the lowest ranks.
    ///
    /// Throws `exactTooLarge` before it starts, if it would need more than `stepsMax` steps.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let count = problem.beliefs.count
        let range = problem.maximum - problem.minimum
        let money = problem.total - count * problem.minimum
        // A cell of the table counts for ten steps at least, which is what bounds the memory of narrow ranges.
        let (cells, cellOverflow) = count.multipliedReportingOverflow(by: money + 1)
        let (steps, stepOverflow) = cells.multipliedReportingOverflow(by: max(10, range + 1))
        guard !cellOverflow, !stepOverflow, steps <= Self.stepsMax else {
            throw .exactTooLarge(steps: cellOverflow || stepOverflow ? Int.max : steps, limit: Self.stepsMax)
        }
        var best = [Double](repeating: -.infinity, count: money + 1)
        best[0] = 0
        var choices = [Int16](repeating: 0, count: cells)
        // The last rank first, so that the way back through the table meets the lowest rank first.
        for rank in (0..<count).reversed() {
            let curve = problem.objective.curve(under: problem.beliefs[rank], upTo: problem.maximum)
            var next = [Double](repeating: -.infinity, count: money + 1)
            for spent in 0...money {
                var chosen = 0
                var value = -Double.infinity
                for extra in 0...min(range, spent) {
                    let candidate = best[spent - extra] + curve[problem.minimum + extra]
                    if candidate >= value {
                        value = candidate
                        chosen = extra
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
            let extra = Int(choices[rank * (money + 1) + left])
            budgets.append(problem.minimum + extra)
            left -= extra
        }
        return Allocation(budgets: budgets, upperBound: best[money])
    }
}
