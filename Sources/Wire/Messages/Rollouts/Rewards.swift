/// The result of an assignment; repeated until it is recorded.
public struct Rewards: Hashable, Sendable {
    /// The assignment.
    public var name: AssignmentName
    /// Raw rewards.
    public var rewards: [Double]
    /// Rollouts that ended without one.
    public var failed: Int
    /// Where the program stored the rollouts: none, or one reference a reward.
    public var references: [String]
    /// Tokens of the answers of all rollouts together, the failed ones included; 0 where they are not known.
    public var tokens: Int

    /// Reports.
    public init(
        name: AssignmentName, rewards: [Double], failed: Int = 0, references: [String] = [], tokens: Int = 0
    ) {
        self.name = name
        self.rewards = rewards
        self.failed = failed
        self.references = references
        self.tokens = tokens
    }
}
