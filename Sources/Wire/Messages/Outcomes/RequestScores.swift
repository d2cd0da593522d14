public import Scoring

/// Predictions without a plan.
public struct RequestScores: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose rollouts are predicted.
    public var policy: Policy
    /// The context set; `nil` draws one from the policy's history.
    public var context: ContextBlock?
    /// How it is drawn.
    public var choice: ContextChoice
    /// Time from the request's arrival until it must be answered.
    public var deadline: Duration
    /// The queries, 1 to `Limits.shardRowsMax`.
    public var texts: TextBlock

    /// Asks.
    public init(
        request: UInt64, policy: Policy, context: ContextBlock? = nil, choice: ContextChoice = ContextChoice(),
        deadline: Duration = .seconds(10), texts: TextBlock
    ) {
        self.request = request
        self.policy = policy
        self.context = context
        self.choice = choice
        self.deadline = deadline
        self.texts = texts
    }
}
