internal import Scoring

/// Scales the columns of features by a context's means and variances.
struct ContextColumns {
    private let mean: [Double]
    private let factor: [Double]
    private let embeddingColumns: Int
    /// Number of blocks of eight for the columns and the intercept's 1.
    let width: Int

    private static let limit = 4.0

    init(_ context: FeatureMatrix, embeddingColumns: Int) {
        let count = Double(max(1, context.rows))
        var mean = [Double](repeating: 0, count: context.columns)
        var variance = mean
        for row in 0..<context.rows {
            for (column, value) in context.row(row).enumerated() { mean[column] += Double(value) / count }
        }
        for row in 0..<context.rows {
            for (column, value) in context.row(row).enumerated() {
                let difference = Double(value) - mean[column]
                variance[column] += difference * difference / count
            }
        }
        let norm = variance.prefix(embeddingColumns).reduce(0, +).squareRoot()
        let surface = Double(max(1, context.columns - embeddingColumns)).squareRoot()
        self.mean = mean
        self.embeddingColumns = embeddingColumns
        width = (context.columns + 8) / 8
        // A column that is constant in the context gets the factor 0.
        factor = variance.enumerated().map { column, variance in
            if column < embeddingColumns { return norm > 1e-9 ? 1 / norm : 0 }
            return variance > 1e-12 ? 1 / (variance.squareRoot() * surface) : 0
        }
    }

    /// One row's scaled columns, then 1 for the intercept.
    func vector(_ features: ArraySlice<Float>) -> [SIMD8<Double>] {
        var vector = [SIMD8<Double>](repeating: .zero, count: width)
        let limit = Self.limit / Double(max(1, mean.count - embeddingColumns)).squareRoot()
        for (column, feature) in features.enumerated() {
            var value = (Double(feature) - mean[column]) * factor[column]
            if column >= embeddingColumns { value = min(limit, max(-limit, value)) }
            vector[column / 8][column % 8] = value
        }
        vector[mean.count / 8][mean.count % 8] = 1
        return vector
    }
}
