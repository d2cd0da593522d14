/// The result of a group of rollouts of one prompt.
public struct GroupOutcome: Hashable, Sendable {
    /// An outcome that is reported twice counts once.
    public var eventID: String
    /// The prompt.
    public var promptID: String
    /// Its text; empty if the coordinator knows it under this id.
    public var text: String
    /// Version of the weights that rolled out; `nil` is the step, or the latest.
    public var policyVersion: Int?
    /// Step of the plan that the group belongs to, if to any.
    public var step: Int?
    /// Raw rewards; none where only their mean is known. One that is not a number gets the outcome rejected.
    public var rewards: [Double]
    /// Where there are no rewards: their raw mean.
    public var mean: Double
    /// Where there are no rewards: how many they were.
    public var n: Int
    /// Rollouts that ended without a reward.
    public var failed: Int
    /// Tokens of the answers of all its rollouts together, the failed ones included; 0 where they are not known.
    public var tokens: Int

    /// A group's rewards.
    public init(
        eventID: String, promptID: String, text: String = "", policyVersion: Int? = nil, step: Int? = nil,
        rewards: [Double] = [], mean: Double = 0, n: Int = 0, failed: Int = 0, tokens: Int = 0
    ) {
        self.eventID = eventID
        self.promptID = promptID
        self.text = text
        self.policyVersion = policyVersion
        self.step = step
        self.rewards = rewards
        self.mean = mean
        self.n = n
        self.failed = failed
        self.tokens = tokens
    }
}
