/// The solver of the paper (V0, arXiv 2602.03584): one rollout at a time to the prompt with the largest next gain.
///
/// `expectedContrast` is not concave, so this is not optimal: a prompt whose first gains are small gets nothing,
/// however large its later gains (56–73 % of the optimum, as `AllocatorTests` measure). It is here for comparison.
/// Where sizes are further apart, one step leads to the next size, and its gain counts per rollout.
///
/// The implementation is equivalent but faster. When always the largest next gain is bought, a prompt waits at each
/// gain that is lower than all before it until the price has fallen to it, and then buys everything above that price at
/// once. So the order is that of runs between successive lowest gains. These are bought like the envelope's segments,
/// without a heap. For equal gains, the lower rank is first.
public struct GreedyAllocator: BudgetAllocator {
    /// The solver has no settings.
    public init() {}

    /// The paper's budgets, with the envelope's upper bound for comparison.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let purchase = SegmentPurchase(problem, rule: .lowestGain)
        var budgets = purchase.budgets
        if let critical = purchase.next.first, purchase.remainder > 0 {
            let (rank, budget) = (Int(critical.rank), budgets[Int(critical.rank)] + purchase.remainder)
            let place = problem.sizes.place(atLeast: budget)
            if problem.places(of: rank).contains(place), problem.sizes.values[place] == budget {
                budgets[rank] = budget
            } else {
                // The budget would be between two sizes, a case that the paper does not have.
                budgets = problem.settle(purchase) ?? problem.uniformBudgets
            }
        }
        return Allocation(budgets: budgets, upperBound: try EnvelopeAllocator().allocate(problem).upperBound)
    }
}
