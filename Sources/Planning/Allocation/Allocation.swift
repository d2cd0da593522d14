/// A solution of an `AllocationProblem`, with an upper bound of the optimum.
public struct Allocation: Hashable, Sendable {
    /// By rank: rollouts; their sum is the problem's total.
    public let budgets: [Int]
    /// Upper bound of the expected utility of any budgets for the problem.
    public let upperBound: Double
    /// λ, the value of one more rollout: the slope at which the total is used up. `nil` from solvers that have none.
    public let price: Double?

    /// A solution.
    public init(budgets: [Int], upperBound: Double, price: Double? = nil) {
        self.budgets = budgets
        self.upperBound = upperBound
        self.price = price
    }
}
