/// Quantiles of measurements, such as the seconds of a benchmark's rounds.
public enum Median {
    /// The middle value, or the mean of the two in the middle. Precondition: there is at least one value.
    public static func of(_ values: [Double]) -> Double { quantile(0.5, of: values) }

    /// The value below which `share` of the values are, interpolated linearly between the two nearest values.
    /// Preconditions: `share` is in [0, 1], there is at least one value. Cost: one sort.
    public static func quantile(_ share: Double, of values: [Double]) -> Double {
        precondition(!values.isEmpty && share >= 0 && share <= 1, "quantile \(share) of \(values.count) values")
        let sorted = values.sorted()
        let place = share * Double(sorted.count - 1)
        let (low, high) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}
