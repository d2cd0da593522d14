/// A solver.
public protocol BudgetAllocator: Sendable {
    /// Solves a problem. Budgets have allowed sizes, add up to the total exactly, and do not depend on the order of
    /// input.
    func allocate(_ problem: AllocationProblem) throws(PlanningError) -> Allocation
}
