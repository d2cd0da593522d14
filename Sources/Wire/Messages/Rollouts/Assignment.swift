/// Rollouts that a rollout worker is to make, lent to it like a shard.
public struct Assignment: Hashable, Sendable {
    /// Its name.
    public var name: AssignmentName
    /// Version of the weights that are to roll out.
    public var policyVersion: Int
    /// The prompt.
    public var promptID: String
    /// The prompt's text.
    public var text: String
    /// Rollouts to make, at least 1.
    public var n: Int
    /// Without progress for this long another worker gets it.
    public var leaseTime: Duration

    /// Lends a budget.
    public init(
        name: AssignmentName, policyVersion: Int, promptID: String, text: String, n: Int, leaseTime: Duration
    ) {
        self.name = name
        self.policyVersion = policyVersion
        self.promptID = promptID
        self.text = text
        self.n = n
        self.leaseTime = leaseTime
    }
}
