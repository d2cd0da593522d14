internal import Foundation

// Calibration metrics: Brier score, log loss, reliability diagram and expected calibration error.

extension EvaluationMetrics {
    /// Bins of the expected calibration error, as is usual in the field.
    public static let calibrationBins = 15

    /// Brier score: mean of (ŷ − y)². y is the score itself, so partial credit counts as it is. In [0, 1], lower is
    /// better. `nil` for no queries.
    public static func brier(_ contexts: [ScoredQueries]) -> Double? {
        mean(of: contexts) { sum, prediction, score in sum += (prediction - score) * (prediction - score) }
    }

    /// Probabilities are moved at least this far from 0 and 1 before their logarithm is computed.
    public static let logLossMargin = 0.005

    /// Log loss: mean of −(y ln ŷ + (1 − y) ln(1 − ŷ)), in nats per query. y is the score itself. ŷ is clipped to
    /// [0.005, 0.995], so that a predictor that says 0 or 1 (10 neighbours) has a large loss and not an infinite one.
    /// At least 0, lower is better. `nil` for no queries.
    public static func logLoss(_ contexts: [ScoredQueries]) -> Double? {
        mean(of: contexts) { sum, prediction, score in
            let p = min(1 - logLossMargin, max(logLossMargin, prediction))
            sum -= score * log(p) + (1 - score) * log1p(-p)
        }
    }

    /// Mean over all queries of what `add` adds to the sum.
    private static func mean(
        of contexts: [ScoredQueries], _ add: (_ sum: inout Double, _ prediction: Double, _ score: Double) -> Void
    ) -> Double? {
        var sum = 0.0
        var count = 0
        for context in contexts {
            for (prediction, score) in zip(context.predictions, context.scores) { add(&sum, prediction, score) }
            count += context.count
        }
        return count > 0 ? sum / Double(count) : nil
    }

    /// The reliability diagram: at most `bins` points of equal mass, by rising prediction.
    ///
    /// The ideal border of bin k is at k·n/bins. Equal predictions stay together, so a border moves up past them. So
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

    /// The calibration error that these predictions would show by chance alone if they were right.
    ///
    /// If the scores are drawn from the predictions, independently, a bin's gap is nearly normal about 0 with the
    /// variance of its mean score, and its mean absolute value is √(2/π) deviations. A score of n rollouts varies by
    /// ŷ(1 − ŷ)·(1/n + (1 − 1/n)/(κ + 1)), with κ = ∞ for a predictor without a belief. Partial credit varies less, so
    /// for it this is an upper bound. Several policies on one prompt vary together, which this formula ignores.
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
        /// Variance of the score if the prediction is right.
        let variance: Double
    }

    /// Queries by rising prediction in bins of equal mass. No bin is empty.
    private static func massBins(_ contexts: [ScoredQueries], bins: Int) -> [ArraySlice<BinnedQuery>] {
        precondition(bins >= 1, "reliability: \(bins) bins")
        var queries: [BinnedQuery] = []
        for context in contexts {
            for index in 0..<context.count {
                let p = context.predictions[index]
                let share = 1 / Double(context.rollouts[index])
                let spread = share + (1 - share) / ((context.kappas?[index] ?? .infinity) + 1)
                queries.append(.init(prediction: p, score: context.scores[index], variance: p * (1 - p) * spread))
            }
        }
        // Scores and variances are sort keys only so that sums are the same for every order of queries.
        queries.sort { ($0.prediction, $0.score, $0.variance) < ($1.prediction, $1.score, $1.variance) }
        var binned: [ArraySlice<BinnedQuery>] = []
        var start = 0
        for bin in 1...bins {
            var end = (bin * queries.count + bins / 2) / bins
            guard end > start else { continue }
            while end < queries.count, queries[end].prediction == queries[end - 1].prediction { end += 1 }
            binned.append(queries[start..<end])
            start = end
        }
        return binned
    }
}
