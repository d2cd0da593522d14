/// What rewards can be: the scale on which baselines and their errors are measured.
///
/// A mean of k rewards of a range of width w errs by at most (w/2)²/k in the square, which is the noise that a prior is
/// tested against: 1/k for −1…1, 1/(4k) for 0…1.
public struct RewardRange: Hashable, Sendable {
    /// Least and largest reward.
    public let bounds: ClosedRange<Double>

    /// Rewards from 0 to 1.
    public static let unit = RewardRange(unchecked: 0...1)
    /// Rewards from −1 to 1.
    public static let signed = RewardRange(unchecked: -1...1)

    /// Ends lie within this, and at least `widthMin` apart: so squares of widths, and sums of them over a group, are
    /// neither 0 nor infinite, and no baseline of theirs is anything but a number.
    public static let endMax = 1e12
    /// Least width.
    public static let widthMin = 1e-12

    /// Throws `settingOutOfRange` unless both ends are numbers within `endMax` that differ by `widthMin`.
    public init(_ bounds: ClosedRange<Double>) throws(PlanningError) {
        let width = bounds.upperBound - bounds.lowerBound
        guard width >= Self.widthMin, width <= 2 * Self.endMax else {
            throw .settingOutOfRange(
                name: "width of the reward range", value: width, range: Self.widthMin...2 * Self.endMax)
        }
        for end in [bounds.lowerBound, bounds.upperBound] where !(-Self.endMax...Self.endMax).contains(end) {
            throw .settingOutOfRange(name: "end of the reward range", value: end, range: -Self.endMax...Self.endMax)
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
