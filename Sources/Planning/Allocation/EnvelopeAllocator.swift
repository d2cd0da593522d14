/// The default solver: buys along each prompt's least concave majorant, and knows how far from the optimum it can be.
///
/// Replacing every U_i(·) by its least concave majorant over the allowed sizes gives the linear relaxation of the
/// problem. Its solution takes the majorants' segments in falling order of slope until the total is spent; at most one
/// prompt, the critical one, ends inside a segment, everywhere else majorant and curve touch. So the relaxation's value
///
///     Σ U_i(B_i) + λ·R        λ the critical slope, R the rollouts left when its segment no longer fits
///
/// bounds every plan from above, and with regular sizes the whole segments alone come within the critical segment's gain
/// of it. The remainder R is then settled best of all ways among the prompts on either side of the critical price
/// (`RemainderSettlement`); giving it all to the critical prompt is one of them.
/// Cost: two curves a prompt; memory a few numbers a prompt.
public struct EnvelopeAllocator: BudgetAllocator {
    /// Makes the solver; it has no settings.
    public init() {}

    /// Budgets within the critical segment's gain of the optimum, and the relaxation's value as upper bound.
    ///
    /// With irregular sizes a remainder may cost more than that; the bound holds all the same and tells.
    public func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation {
        let purchase = SegmentPurchase(problem, rule: .majorant)
        var bound = problem.utility(of: purchase.budgets)
        let price = purchase.next.first?.slope ?? 0
        var budgets = purchase.budgets
        if purchase.remainder > 0 {
            bound += price * Double(purchase.remainder)
            budgets = problem.settle(purchase) ?? problem.uniformBudgets
        }
        return Allocation(budgets: budgets, upperBound: bound, price: price)
    }
}

extension AllocationProblem {
    /// Budgets of a purchase with its remainder settled among the prompts next to the critical price; `nil` where so
    /// many would have to be changed that it was not tried.
    func settle(_ purchase: SegmentPurchase) -> [Int]? {
        let half = RemainderSettlement.rowsMin / 2
        var near: [Int] = []
        for side in [purchase.next.prefix(2 * half), purchase.last.suffix(half)] {
            var ranks: Set<Int32> = []
            for segment in side where ranks.count < half && ranks.insert(segment.rank).inserted {
                near.append(Int(segment.rank))
            }
        }
        var budgets = purchase.budgets
        let nearest = RemainderSettlement(sizes, places: places, count: beliefs.count)
            .settle(&budgets, remainder: purchase.remainder, near: near, values: values)
        return nearest == nil ? budgets : nil
    }
}
