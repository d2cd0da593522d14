/// The answer to `DropPlans`: how much was dropped.
public struct PlansDropped: Hashable, Sendable {
    /// Whose answer this is.
    public var request: UInt64
    /// Plans.
    public var plans: Int
    /// Groups of these plans that waited for rollouts or were lent.
    public var groups: Int
    /// Outcomes of the history.
    public var outcomes: Int
    /// The policy's attempt from now on.
    public var attempt: UInt64

    /// Answers.
    public init(request: UInt64, plans: Int, groups: Int, outcomes: Int, attempt: UInt64) {
        self.request = request
        self.plans = plans
        self.groups = groups
        self.outcomes = outcomes
        self.attempt = attempt
    }
}
