/// What a plan is asked for.
public struct BudgetRequest: Hashable, Sendable {
    /// Most rollouts one prompt may get.
    public static let rolloutsMax = 1024
}
