/// The paper's solver (V0, arXiv 2602.03584): one rollout at a time to the prompt whose next gain is the largest.
///
/// `expectedContrast` is not concave, so this stops short: a prompt whose first gains are small is never tried, however
/// large those behind them (PLANNING.md measures 56–73 % of the optimum). It is here for comparison and parity.
/// Where sizes are further apart, a step goes to the next size, and its gain counts per rollout.
///
/// It is not run as told. Taking always the largest next gain, a prompt waits at each gain lower than all before it
/// until the price has fallen so far, and then takes everything above that price in one go. So the order is that of
/// runs between successive lowest gains, and those can be bought like the envelope's segments, without a heap.
/// Equal gains go to the lower rank first.
public struct GreedyAllocator: BudgetAllocator {
    /// Makes the solver; it has no settings.
    public init() {}

    /// The paper's budgets, with the envelope's upper bound so that they can be judged.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let purchase = SegmentPurchase(problem, rule: .lowestGain)
        var budgets = purchase.budgets
        if let critical = purchase.next.first, purchase.remainder > 0 {
            let (rank, budget) = (Int(critical.rank), budgets[Int(critical.rank)] + purchase.remainder)
            let place = problem.sizes.place(atLeast: budget)
            if problem.places(of: rank).contains(place), problem.sizes.values[place] == budget {
                budgets[rank] = budget
            } else {
                // Between two sizes, of which the paper knows nothing.
                budgets = problem.settle(purchase) ?? problem.uniformBudgets
            }
        }
        return Allocation(budgets: budgets, upperBound: try EnvelopeAllocator().allocate(problem).upperBound)
    }
}
