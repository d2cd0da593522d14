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
    /// Policies whose recorded outcomes are references.
    public var references: [String]
    /// What is known about the queries, then about the rows of `context`; empty where nothing is known.
    public var facts: [PromptFacts]

    /// Asks.
    public init(
        request: UInt64, policy: Policy, context: ContextBlock? = nil, choice: ContextChoice = ContextChoice(),
        deadline: Duration = .seconds(10), texts: TextBlock, references: [String] = [], facts: [PromptFacts] = []
    ) {
        self.request = request
        self.policy = policy
        self.context = context
        self.choice = choice
        self.deadline = deadline
        self.texts = texts
        self.references = references
        self.facts = facts
    }

    /// Whether predictions use more than texts.
    public var usesSide: Bool { !references.isEmpty || facts.contains { !$0.isEmpty } }

    /// What is known about a query or, from `texts.count` on, about a row of the context.
    public func facts(at row: Int) -> PromptFacts { facts.indices.contains(row) ? facts[row] : PromptFacts() }
}
