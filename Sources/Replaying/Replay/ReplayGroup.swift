public import Planning

/// A prompt of a replayed step.
public struct ReplayPrompt: Hashable, Sendable {
    /// The prompt's id; unique in a step and its pool.
    public let promptID: String
    /// The belief before the step.
    public let belief: Belief
    /// The source of its rollouts' outcomes.
    public let truth: ReplayTruth

    /// A prompt with its belief and its true outcomes.
    public init(promptID: String, belief: Belief, truth: ReplayTruth) {
        self.promptID = promptID
        self.belief = belief
        self.truth = truth
    }
}

/// A group of rollouts that was drawn in a replay.
public struct ReplayGroup: Hashable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Rollouts drawn, at least 1.
    public let n: Int
    /// Number of successes among them.
    public let successes: Int
    /// Value of these rollouts by the request's objective.
    public let realised: Double
    /// Expectation of that value at the true rate.
    public let expected: Double

    /// A group that was drawn.
    package init(promptID: String, n: Int, successes: Int, realised: Double, expected: Double) {
        self.promptID = promptID
        self.n = n
        self.successes = successes
        self.realised = realised
        self.expected = expected
    }

    /// Whether the group has both outcomes.
    public var hasSignal: Bool { successes > 0 && successes < n }
}

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
