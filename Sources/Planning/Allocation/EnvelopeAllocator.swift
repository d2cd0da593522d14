/// The default solver: it follows each prompt's least concave majorant, and bounds its distance from the optimum.
///
/// Replacing every U_i(·) by its least concave majorant over the allowed sizes gives the linear relaxation of the
/// problem. Its solution buys the majorants' segments in falling order of slope until the total is spent. At most one
/// prompt, the critical one, ends inside a segment; everywhere else majorant and curve touch. So the relaxation's value
///
///     Σ U_i(B_i) + λ·R        λ the critical slope, R the rollouts left when its segment no longer fits
///
/// is an upper bound of every plan. With regular sizes the whole segments alone are within the critical segment's gain
/// of it. The remainder R is then spent in the best way among the prompts on either side of the critical price
/// (`RemainderSettlement`); giving all of it to the critical prompt is one of these ways. Cost: two curves per prompt.
/// Memory: a few numbers per prompt.
public struct EnvelopeAllocator: BudgetAllocator {
    /// The solver has no settings.
    public init() {}

    /// Budgets within the critical segment's gain of the optimum, and the relaxation's value as upper bound.
    ///
    /// With irregular sizes a remainder may cost more than that; the upper bound still holds and shows it.
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
    /// Budgets of a purchase, with the remainder spent on the prompts next to the critical price; `nil` where too many
    /// prompts would have to change to try it.
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
