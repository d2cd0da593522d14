/// A baseline between a prompt's predicted reward and the mean reward of its rollouts (V0.5, arXiv 2603.10848).
///
/// With V the prediction as a reward, v̄ the mean of k rewards and σ² = (w/2)² the largest variance of one:
///
///     Δ² = max(0, (v̄ − V)² − σ²/k)        the part of the difference that noise does not explain
///     w  = Δ²/(Δ² + σ²/k)                   weight of the data
///     b  = w·v̄ + (1 − w)·V                  the baseline
///     MSE(k) = Δ²σ²/(k·Δ² + σ²)             its estimated squared error
///
/// The max(0, ·) is a test of the prediction: within the noise the baseline is the prediction; beyond it the data
/// count.
public struct ShrinkageBaseline: Hashable, Sendable {
    /// Number of rollouts, k.
    public let rollouts: Int
    /// Mean reward; the prediction if there is no rollout.
    public let mean: Double
    /// The prediction, as a reward.
    public let prior: Double
    /// The range of rewards.
    public let range: RewardRange
    /// Δ², the estimated squared error of the prediction.
    public let bias: Double
    /// Weight of the data, in [0, 1].
    public let weight: Double
    /// The baseline, which is subtracted from rewards.
    public let value: Double

    /// The baseline of some rewards.
    ///
    /// - Parameters:
    ///   - rewards: Rewards of all rollouts of the prompt in this step.
    ///   - p: Predicted success probability, in [0, 1].
    /// - Throws: `rewardOutOfRange` or `probabilityOutOfRange`, naming the prompt.
    public init(
        rewards: [Double], p: Double, range: RewardRange = .unit, promptID: String
    ) throws(PlanningError) {
        guard p >= 0, p <= 1 else { throw .probabilityOutOfRange(promptID: promptID, value: p) }
        for (index, reward) in rewards.enumerated() where !range.bounds.contains(reward) {
            throw .rewardOutOfRange(promptID: promptID, index: index, value: reward, range: range.bounds)
        }
        self.range = range
        prior = range.value(of: p)
        rollouts = rewards.count
        guard !rewards.isEmpty else {
            (mean, bias, weight, value) = (prior, 0, 0, prior)
            return
        }
        let count = Double(rewards.count)
        mean = rewards.reduce(0, +) / count
        let noise = range.noise / count
        bias = max(0, (mean - prior) * (mean - prior) - noise)
        weight = bias / (bias + noise)
        value = weight * mean + (1 - weight) * prior
    }

    /// Estimated squared error of the baseline after `rollouts` rollouts, in units of σ², so independent of the range.
    public func risk(after rollouts: Int) -> Double {
        bias / (Double(rollouts) * bias + range.noise)
    }
}
