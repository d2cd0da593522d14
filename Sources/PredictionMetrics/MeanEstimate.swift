/// The unweighted mean of some values and its standard error: over contexts, seeds or policies.
public struct MeanEstimate: Hashable, Sendable {
    /// The mean.
    public let mean: Double
    /// Its standard error, s/√m with m − 1 degrees of freedom; `nil` for one value.
    public let standardError: Double?
    /// Number of values.
    public let count: Int

    /// The mean of some values; `nil` for none.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        standardError = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
        self.count = values.count
    }
}
