/// A mean and its 95 % interval.
public struct Interval: Hashable, Sendable, Codable {
    /// The mean.
    public let mean: Double
    /// Half the interval's width; `nil` for one value.
    public let half: Double?

    /// The interval by Student's t over independent values; `nil` for none.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        self.mean = mean
        guard values.count > 1 else {
            half = nil
            return
        }
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        // Quantiles 0.975 of Student's t for 1…10 degrees of freedom; beyond that the normal quantile is close enough.
        let quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
        let quantile = values.count <= quantiles.count + 1 ? quantiles[values.count - 2] : 1.96
        half = quantile * (variance / count).squareRoot()
    }
}
