import Scoring

/// The linear kernel of embeddings less the context's mean, in units of their spread in the context.
///
/// Where the encoder reads texts badly, in a language that it does not know, all embeddings are nearly alike, and a radial
/// kernel of fixed width is nearly constant. This one looks at what distinguishes the context's rows. It needs no vectors,
/// only cosines: (x − m)·(y − m) = x·y − mean x·rows − mean y·rows + mean of all.
struct CentredKernel: Sendable {
    /// By row: mean cosine with all rows, itself included.
    private let means: [Double]
    /// The mean of these.
    private let level: Double
    /// Mean squared distance of a row from the mean, shrunk towards the population's.
    private let spread: Double

    /// The population's spread, and how many rows it counts for.
    private static let usual = (spread: 0.7, rows: 8.0)

    /// `sums` is by row: the sum of its cosines with all rows.
    init(sums: [Double]) {
        let count = Double(sums.count)
        means = sums.map { $0 / count }
        level = sums.isEmpty ? 0 : means.reduce(0, +) / count
        spread = (count * (1 - level) + Self.usual.rows * Self.usual.spread) / (count + Self.usual.rows)
    }

    /// The kernel of two rows with a cosine.
    func value(_ row: Int, _ other: Int, cosine: Double) -> Double {
        (cosine - means[row] - means[other] + level) / spread
    }

    /// What a query gains by weighted rows is its dot product with a vector, and a constant.
    func combined(_ weights: [Double], embeddings: EmbeddingRows) -> Combined {
        guard weights.contains(where: { $0 != 0 }) else { return Combined(direction: [], constant: 0) }
        let total = weights.reduce(0, +)
        let mean = total / Double(weights.count)
        var direction = [SIMD8<Double>](repeating: .zero, count: embeddings.row(0).count)
        for (row, weight) in weights.enumerated() {
            let factor = (weight - mean) / spread
            for (index, vector) in embeddings.row(row).enumerated() {
                for lane in 0..<8 { direction[index][lane] += factor * Double(vector[lane]) }
            }
        }
        let constant = zip(weights, means).reduce(total * level) { $0 - $1.0 * $1.1 } / spread
        return Combined(direction: direction, constant: constant)
    }

    /// A sum over weighted rows, as a query sees it.
    struct Combined: Sendable {
        fileprivate let direction: [SIMD8<Double>]
        /// Without the query.
        let constant: Double

        /// The query's part. Cost: E multiplications.
        func value(_ query: ArraySlice<SIMD8<Float>>) -> Double {
            var sum = SIMD8<Double>.zero
            for (own, vector) in zip(direction, query) {
                for lane in 0..<8 { sum[lane] += own[lane] * Double(vector[lane]) }
            }
            return sum.sum()
        }
    }
}
