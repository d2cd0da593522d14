/// A group that is complete: train on it.
public struct GroupDone: Hashable, Sendable, Codable {
    /// Groups of the plan that were done before it.
    public var number: Int
    /// Of the candidate.
    public var index: Int
    /// The prompt.
    public var promptID: String
    /// Raw rewards, in the order in which they were recorded.
    public var rewards: [Double]
    /// Reward less baseline, in the same order.
    public var advantages: [Double]
    /// What was subtracted.
    public var baseline: Double
    /// Rollouts that ended without a reward.
    public var failed: Int
    /// Why the group is done, as `Planning.LookAhead.Reason`, or `planned`.
    public var reason: String
    /// Where rollout workers stored the rollouts: none, or one reference a reward.
    public var references: [String]

    /// Completes a group.
    public init(
        number: Int, index: Int, promptID: String, rewards: [Double], advantages: [Double], baseline: Double,
        failed: Int, reason: String, references: [String]
    ) {
        self.number = number
        self.index = index
        self.promptID = promptID
        self.rewards = rewards
        self.advantages = advantages
        self.baseline = baseline
        self.failed = failed
        self.reason = reason
        self.references = references
    }
}
