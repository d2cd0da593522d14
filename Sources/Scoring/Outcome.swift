/// The result of a policy's rollouts on one prompt: their mean reward, and their number.
public struct Outcome: Hashable, Sendable {
    /// Mean reward, in [0, 1]. Partial credit counts as it is.
    public let reward: Double
    /// Number of rollouts behind the mean, at least 1.
    public let n: Int

    /// `nil` unless `reward` is a number in [0, 1] and `n` at least 1.
    public init?(reward: Double, n: Int = 1) {
        guard reward >= 0, reward <= 1, n >= 1 else { return nil }
        self.reward = reward
        self.n = n
    }

    /// `k` successes of `n` rollouts; `nil` unless 0 ≤ k ≤ n and n ≥ 1.
    public init?(k: Int, n: Int) {
        guard n >= 1, k >= 0, k <= n else { return nil }
        self.init(reward: Double(k) / Double(n), n: n)
    }

    /// Successes, fractional where rewards are: `reward · n`.
    public var successes: Double { reward * Double(n) }

    /// The reference's binary label: reward ≥ 0.5 (V0, arXiv 2602.03584).
    public var isSuccess: Bool { reward >= 0.5 }
}
