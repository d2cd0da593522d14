extension EvaluationMetrics {
    /// One point of a reliability diagram: a bin of queries with similar predictions.
    public struct ReliabilityPoint: Hashable, Codable, Sendable {
        /// Mean prediction in the bin, the diagram's abscissa.
        public let prediction: Double
        /// Mean score in the bin, its ordinate; a calibrated model lies on the diagonal.
        public let score: Double
        /// Queries in the bin.
        public let count: Int

        /// A bin's means and size.
        public init(prediction: Double, score: Double, count: Int) {
            self.prediction = prediction
            self.score = score
            self.count = count
        }
    }

    /// Bins of the expected calibration error, as the field has it.
    public static let calibrationBins = 15

    /// Brier score: mean of (ŷ − y)², with y the score itself, so partial credit counts as it is. In [0, 1], lower is
    /// better. `nil` for no queries.
    public static func brier(_ contexts: [ScoredQueries]) -> Double? {
        var squares = 0.0
        var count = 0
        for context in contexts {
            for (prediction, score) in zip(context.predictions, context.scores) {
                squares += (prediction - score) * (prediction - score)
            }
            count += context.count
        }
        return count > 0 ? squares / Double(count) : nil
    }

    /// The reliability diagram: at most `bins` points of equal mass, by rising prediction.
    ///
    /// A bin's ideal border is at k·n/bins; equal predictions are never parted, so a border moves up past them. Then
    /// the diagram does not depend on the order of queries, and a constant prediction is one point.
    /// Precondition: `bins ≥ 1`. Cost: one sort.
    public static func reliability(
        _ contexts: [ScoredQueries], bins: Int = calibrationBins
    ) -> [ReliabilityPoint] {
        precondition(bins >= 1, "reliability: \(bins) bins")
        // Scores are a second key only so that sums are the same for every order of queries.
        let rows = contexts.flatMap { zip($0.predictions, $0.scores) }.sorted { $0 < $1 }
        var points: [ReliabilityPoint] = []
        var start = 0
        for bin in 1...bins {
            var end = (bin * rows.count + bins / 2) / bins
            guard end > start else { continue }
            while end < rows.count, rows[end].0 == rows[end - 1].0 { end += 1 }
            let sums = rows[start..<end].reduce((0.0, 0.0)) { ($0.0 + $1.0, $0.1 + $1.1) }
            let count = Double(end - start)
            points.append(.init(prediction: sums.0 / count, score: sums.1 / count, count: end - start))
            start = end
        }
        return points
    }

    /// Expected calibration error: mean over queries of |mean prediction − mean score| of their bin, with bins of equal
    /// mass (`reliability`). In [0, 1], lower is better. `nil` for no queries.
    public static func calibrationError(_ contexts: [ScoredQueries], bins: Int = calibrationBins) -> Double? {
        let points = reliability(contexts, bins: bins)
        let count = points.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        return points.reduce(0) { $0 + abs($1.prediction - $1.score) * Double($1.count) } / Double(count)
    }
}
