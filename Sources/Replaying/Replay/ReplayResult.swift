/// Totals of one strategy over one step.
public struct ReplayResult: Hashable, Codable, Sendable {
    /// The strategy.
    public let policy: AllocationStrategy
    /// Prompts for which rollouts were drawn.
    public let groups: Int
    /// Rollouts drawn, including discarded ones.
    public let spent: Int
    /// Groups with both outcomes.
    public let signalGroups: Int
    /// Groups of only failures or only successes.
    public let silentGroups: Int
    /// Utility of the rollouts that were drawn, by the request's objective.
    public let realised: Double
    /// Its expectation at the true rates. For `dapoFilter`, over the prompts that were drawn.
    public let expected: Double

    /// Adds up groups.
    init(_ policy: AllocationStrategy, _ drawn: [ReplayGroup]) {
        self.policy = policy
        groups = drawn.count
        spent = drawn.reduce(0) { $0 + $1.n }
        signalGroups = drawn.count { $0.hasSignal }
        silentGroups = groups - signalGroups
        realised = drawn.reduce(0) { $0 + $1.realised }
        expected = drawn.reduce(0) { $0 + $1.expected }
    }

    enum CodingKeys: String, CodingKey {
        case policy, groups, spent
        case signalGroups = "signal_groups"
        case silentGroups = "silent_groups"
        case realised = "realised_utility"
        case expected = "expected_utility"
    }
}
