import Scoring

/// The range of a policy's rewards, which sets the scale of baselines and of their errors.
///
/// The mean of k rewards in a range of width w has a variance of at most (w/2)²/k. This is the noise that a prediction
/// is tested against: 1/k for −1…1, 1/(4k) for 0…1.
public struct RewardRange: Hashable, Sendable {
    /// Smallest and largest reward.
    public let bounds: ClosedRange<Double>

    /// Rewards from 0 to 1.
    public static let unit = RewardRange(unchecked: 0...1)
    /// Rewards from −1 to 1.
    public static let signed = RewardRange(unchecked: -1...1)

    /// Throws `settingOutOfRange` unless both ends are in `PlanLimits.rewards` and differ by
    /// `PlanLimits.rewardWidthMin`. So every baseline of such rewards is a number.
    public init(_ bounds: ClosedRange<Double>) throws(PlanningError) {
        let width = bounds.upperBound - bounds.lowerBound
        let ends = PlanLimits.rewards
        let widths = PlanLimits.rewardWidthMin...ends.upperBound - ends.lowerBound
        guard widths.contains(width) else {
            throw .settingOutOfRange(name: "width of the reward range", value: width, range: widths)
        }
        for end in [bounds.lowerBound, bounds.upperBound] where !ends.contains(end) {
            throw .settingOutOfRange(name: "end of the reward range", value: end, range: ends)
        }
        self.bounds = bounds
    }

    private init(unchecked bounds: ClosedRange<Double>) { self.bounds = bounds }

    /// Largest variance that one reward can have, (w/2)².
    public var noise: Double {
        let half = (bounds.upperBound - bounds.lowerBound) / 2
        return half * half
    }

    /// The expected reward of a success probability.
    public func value(of p: Double) -> Double {
        bounds.lowerBound + p * (bounds.upperBound - bounds.lowerBound)
    }
}
