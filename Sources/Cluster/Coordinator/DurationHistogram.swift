/// How long something took, as counts by upper bounds in seconds. The bounds are those of `/metrics`.
public struct DurationHistogram: Hashable, Sendable, Codable {
    /// Upper bounds in seconds; one more bucket has what is longer.
    public static let bounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

    /// How many durations are in each bucket alone.
    public private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// The sum of all durations, in seconds.
    public private(set) var sumSeconds = 0.0
    /// The longest one, in seconds.
    public private(set) var maxSeconds = 0.0

    /// Nothing has happened.
    public init() {}

    /// Adds a duration.
    public mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let value = Double(seconds) + Double(attoseconds) * 1e-18
        counts[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
        sumSeconds += value
        maxSeconds = max(maxSeconds, value)
    }
}
