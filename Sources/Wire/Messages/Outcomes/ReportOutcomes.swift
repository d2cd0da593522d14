/// Outcomes for a policy's history, and for the groups of its plans.
public struct ReportOutcomes: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose rollouts they are.
    public var policyID: String
    /// The range of rewards.
    public var rewards: ClosedRange<Double>
    /// The groups.
    public var outcomes: [GroupOutcome]

    /// Reports.
    public init(request: UInt64, policyID: String, rewards: ClosedRange<Double> = 0...1, outcomes: [GroupOutcome]) {
        self.request = request
        self.policyID = policyID
        self.rewards = rewards
        self.outcomes = outcomes
    }
}
