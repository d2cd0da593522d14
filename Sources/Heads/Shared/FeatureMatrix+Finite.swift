package import Scoring

// Refuses features that are not finite numbers.
extension FeatureMatrix {
    /// Throws `notFinite` with the first row that has a value which is not a number.
    package func checkFinite() throws(ValueModelError) {
        for index in 0..<rows {
            // A product with 0 is 0 for every number and NaN for all else, so one sum is enough.
            guard row(index).reduce(Float(0), { $0 + $1 * 0 }) == 0 else {
                throw .notFinite(stage: "features", row: index)
            }
        }
    }
}
