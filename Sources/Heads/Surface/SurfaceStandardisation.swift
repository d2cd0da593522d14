/// Surface features in units of the context's own spread.
///
/// First the population's mean and scale over training prompts, then the context's; the context's deviation is shrunk
/// as if 8 rows of variance 0.25 had been seen, so that a feature that hardly varies in a small context stays small.
struct SurfaceStandardisation: Sendable {
    private let mean: [Double]
    private let deviation: [Double]

    private static let populationLimit = 5.0
    private static let contextLimit = 4.0
    private static let shrinkageRows = 8.0
    private static let shrinkageVariance = 0.25

    /// Learns from the context's rows of raw surface features; at least one row.
    init(context: [[Float]]) {
        let rows = context.map { Self.population($0[...]) }
        let count = Double(rows.count)
        var mean = [Double](repeating: 0, count: SurfaceFeatures.count)
        var variance = mean
        for row in rows { for feature in mean.indices { mean[feature] += row[feature] / count } }
        for row in rows {
            for feature in mean.indices {
                let difference = row[feature] - mean[feature]
                variance[feature] += difference * difference / count
            }
        }
        self.mean = mean
        deviation = variance.map { variance in
            ((variance * count + Self.shrinkageVariance * Self.shrinkageRows) / (count + Self.shrinkageRows))
                .squareRoot()
        }
    }

    /// One row's features in units of the context's spread, each in [−4, 4].
    func standardise(_ features: ArraySlice<Float>) -> [Double] {
        var row = Self.population(features)
        for feature in row.indices {
            let value = (row[feature] - mean[feature]) / deviation[feature]
            row[feature] = min(Self.contextLimit, max(-Self.contextLimit, value))
        }
        return row
    }

    private static func population(_ features: ArraySlice<Float>) -> [Double] {
        features.enumerated().map { index, value in
            let mean = GaussianProcessConstants.surfaceMean[index]
            let scale = GaussianProcessConstants.surfaceScale[index]
            return min(populationLimit, max(-populationLimit, (Double(value) - mean) / scale))
        }
    }
}
