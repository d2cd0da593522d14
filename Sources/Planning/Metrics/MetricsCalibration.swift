internal import Foundation

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

    /// Probabilities are moved this far from 0 and 1 before their logarithm is taken.
    public static let logLossMargin = 0.005

    /// Log loss: mean of −(y ln ŷ + (1 − y) ln(1 − ŷ)), in nats a query, with y the score itself and ŷ clipped to
    /// [0.005, 0.995], so that a predictor that says 0 or 1 (10 neighbours) loses much and not everything. At least 0,
    /// lower is better. `nil` for no queries.
    public static func logLoss(_ contexts: [ScoredQueries]) -> Double? {
        var sum = 0.0
        var count = 0
        for context in contexts {
            for (prediction, score) in zip(context.predictions, context.scores) {
                let p = min(1 - logLossMargin, max(logLossMargin, prediction))
                sum -= score * log(p) + (1 - score) * log1p(-p)
            }
            count += context.count
        }
        return count > 0 ? sum / Double(count) : nil
    }

    /// The reliability diagram: at most `bins` points of equal mass, by rising prediction.
    ///
    /// A bin's ideal border is at k·n/bins; equal predictions are never parted, so a border moves up past them. Then
    /// the diagram does not depend on the order of queries, and a constant prediction is one point.
    /// Precondition: `bins ≥ 1`. Cost: one sort.
    public static func reliability(
        _ contexts: [ScoredQueries], bins: Int = calibrationBins
    ) -> [ReliabilityPoint] {
        massBins(contexts, bins: bins).map { bin in
            let sums = bin.reduce((0.0, 0.0)) { ($0.0 + $1.prediction, $0.1 + $1.score) }
            let count = Double(bin.count)
            return ReliabilityPoint(prediction: sums.0 / count, score: sums.1 / count, count: bin.count)
        }
    }

    /// Expected calibration error: mean over queries of |mean prediction − mean score| of their bin, with bins of equal
    /// mass (`reliability`). In [0, 1], lower is better. `nil` for no queries.
    public static func calibrationError(_ contexts: [ScoredQueries], bins: Int = calibrationBins) -> Double? {
        let points = reliability(contexts, bins: bins)
        let count = points.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        return points.reduce(0) { $0 + abs($1.prediction - $1.score) * Double($1.count) } / Double(count)
    }

    /// The calibration error that these very predictions would show if they were right: what chance alone makes.
    ///
    /// If the scores are drawn from the predictions, independently, a bin's gap is nearly normal about 0 with the
    /// variance of its mean score, and the mean of its size is √(2/π) deviations. A score of n rollouts varies by
    /// ŷ(1 − ŷ)·(1/n + (1 − 1/n)/(κ + 1)), with κ = ∞ for a predictor without a belief; partial credit varies less, so
    /// for it this is an upper bound. Several policies on one prompt vary together, which this does not know.
    /// `nil` for no queries. Cost: one sort.
    public static func calibrationErrorExpected(_ contexts: [ScoredQueries], bins: Int = calibrationBins) -> Double? {
        let binned = massBins(contexts, bins: bins)
        let count = binned.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        let gaps = binned.reduce(0) { $0 + $1.reduce(0) { $0 + $1.variance }.squareRoot() }
        return gaps * (2 / Double.pi).squareRoot() / Double(count)
    }

    private struct BinnedQuery {
        let prediction: Double
        let score: Double
        /// Of the score, if the prediction is right.
        let variance: Double
    }

    /// Queries by rising prediction in bins of equal mass, none of them empty.
    private static func massBins(_ contexts: [ScoredQueries], bins: Int) -> [ArraySlice<BinnedQuery>] {
        precondition(bins >= 1, "reliability: \(bins) bins")
        var rows: [BinnedQuery] = []
        for context in contexts {
            for index in 0..<context.count {
                let p = context.predictions[index]
                let share = 1 / Double(context.rollouts[index])
                let spread = share + (1 - share) / ((context.kappas?[index] ?? .infinity) + 1)
                rows.append(.init(prediction: p, score: context.scores[index], variance: p * (1 - p) * spread))
            }
        }
        // Scores and variances are keys only so that sums are the same for every order of queries.
        rows.sort { ($0.prediction, $0.score, $0.variance) < ($1.prediction, $1.score, $1.variance) }
        var binned: [ArraySlice<BinnedQuery>] = []
        var start = 0
        for bin in 1...bins {
            var end = (bin * rows.count + bins / 2) / bins
            guard end > start else { continue }
            while end < rows.count, rows[end].prediction == rows[end - 1].prediction { end += 1 }
            binned.append(rows[start..<end])
            start = end
        }
        return binned
    }
}
