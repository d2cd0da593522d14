/// Order statistics of measurements.
package enum Median {
    /// The middle value, or the mean of the two in the middle. Precondition: at least one value.
    package static func of(_ values: [Double]) -> Double { quantile(0.5, of: values) }

    /// The value at a share of the sorted values, interpolated between neighbours. Precondition: at least one value.
    package static func quantile(_ share: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        let place = share * Double(sorted.count - 1)
        let (low, high) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}
