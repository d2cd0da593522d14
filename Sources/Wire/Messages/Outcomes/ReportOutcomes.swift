/// Outcomes for a policy's history, and for the groups of its plans.
public struct ReportOutcomes: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose rollouts they are.
    public var policyID: String
    /// The range of rewards; `nil` is that of the outcome's plan, else of the policy's latest plan, else 0…1.
    public var rewards: ClosedRange<Double>?
    /// Number of the trainer's start that made the rollouts.
    public var attempt: UInt64
    /// The groups.
    public var outcomes: [GroupOutcome]

    /// Reports.
    public init(
        request: UInt64, policyID: String, rewards: ClosedRange<Double>? = nil, attempt: UInt64 = 0,
        outcomes: [GroupOutcome]
    ) {
        self.request = request
        self.policyID = policyID
        self.rewards = rewards
        self.attempt = attempt
        self.outcomes = outcomes
    }
}
