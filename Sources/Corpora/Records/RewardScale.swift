import Scoring

/// How the reward of a rollout becomes an outcome in [0, 1].
public enum RewardScale: Hashable, Sendable {
    /// It is one already.
    case unit
    /// From this range to [0, 1], evenly.
    case range(ClosedRange<Double>)
    /// Above this, a success; else a failure. Only for rewards of single rollouts.
    case threshold(Double)

    /// The outcome of `n` rollouts with this mean reward; `nil` if the scale has none.
    func outcome(_ reward: Double, n: Int) -> Outcome? {
        switch self {
        case .unit: return Outcome(reward: reward, n: n)
        case .range(let range):
            let width = range.upperBound - range.lowerBound
            guard width > 0 else { return nil }
            return Outcome(reward: (reward - range.lowerBound) / width, n: n)
        case .threshold(let threshold):
            return n == 1 && reward.isFinite ? Outcome(reward: reward > threshold ? 1 : 0) : nil
        }
    }

    /// What to do about a reward that the scale does not have.
    var advice: String {
        switch self {
        case .unit:
            "outside [0, 1]; give the range of the rewards, as --reward-range=-1..1, or --success-above NUMBER"
        case .range(let range): "outside \(range.lowerBound)…\(range.upperBound), the range of --reward-range"
        case .threshold: "of several rollouts; --success-above needs one reward a rollout"
        }
    }
}
