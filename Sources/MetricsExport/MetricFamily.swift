/// A metric as it is exported: its name, what kind it is, and how its samples are written.
///
/// Names, labels and help lines are an interface: a change breaks dashboards and alerts without an error. Snapshot
/// tests detect changes.
public struct MetricFamily: Sendable {
    /// The kinds of the text format.
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// How numbers are written. Both were in use before the exporters were joined, and neither may change.
    public enum NumberStyle: Sendable {
        /// Whole numbers without a point: `1`.
        case plain
        /// Always with a point: `1.0`.
        case decimal
    }

    let name: String
    let kind: Kind
    let help: String
    let numbers: NumberStyle
    /// Upper bounds of a histogram's buckets, ascending; the last bucket, `+Inf`, is added.
    let bounds: [Double]

    /// A counter or a gauge.
    public init(_ kind: Kind, _ name: String, _ help: String, numbers: NumberStyle = .plain) {
        precondition(kind != .histogram, "\(name): a histogram needs bounds")
        (self.kind, self.name, self.help, self.numbers, bounds) = (kind, name, help, numbers, [])
    }

    /// A histogram of durations in seconds.
    public init(histogram name: String, _ help: String, bounds: [Double], numbers: NumberStyle = .plain) {
        (kind, self.name, self.help, self.numbers, self.bounds) = (.histogram, name, help, numbers, bounds)
    }
}
