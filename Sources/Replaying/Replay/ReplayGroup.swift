/// A group of rollouts that was drawn in a replay.
public struct ReplayGroup: Hashable, Sendable {
    /// The prompt.
    public let promptID: String
    /// Numbers of rollouts, at least 1, and of successes among them.
    public let n, successes: Int
    /// Value of these rollouts by the request's objective, and its expectation at the true rate.
    public let realised, expected: Double

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
