/// An outcome in a policy's history.
public struct RecordedOutcome: Hashable, Sendable {
    /// Unique in the policy's history.
    public var eventID: String
    /// The prompt.
    public var promptID: String
    /// The prompt's text.
    public var text: String
    /// Version of the weights that made the rollouts.
    public var version: Int
    /// Mean reward, scaled to [0, 1].
    public var reward: Double
    /// Rollouts with a reward; 0 where all failed.
    public var n: Int
    /// Rollouts without one.
    public var failed: Int
    /// Raw rewards; none where only their mean was reported.
    public var rewards: [Double]
    /// Step of the plan that the rollouts were made for; `nil` where the report named none.
    public var step: Int?
    /// Tokens of all answers together; 0 where they are not known.
    public var tokens: Int

    /// Describes an outcome.
    public init(
        eventID: String, promptID: String, text: String, version: Int, reward: Double, n: Int, failed: Int,
        rewards: [Double], step: Int? = nil, tokens: Int = 0
    ) {
        self.eventID = eventID
        self.promptID = promptID
        self.text = text
        self.version = version
        self.reward = reward
        self.n = n
        self.failed = failed
        self.rewards = rewards
        self.step = step
        self.tokens = tokens
    }
    /// Whether it was made for a step or a later one, or, where no step is known, by such a version.
    func isOf(stepsFrom step: Int) -> Bool { (self.step ?? version) >= step }
}
