/// Measures how good predictions are. Pure functions of `ScoredQueries`.
///
/// A metric that its data cannot define is `nil`, never 0 or 0.5: for example an AUC of one class, or a correlation
/// with a constant. This file has the ranking metrics; extensions in other files have calibration, residual tests
/// and beliefs.
public enum EvaluationMetrics {
    /// Area under the ROC curve of `predictions` for `labels`: the probability that a success is ranked above a
    /// failure. Ties count one half (Mann–Whitney, by midranks).
    ///
    /// `nil` where only one class is present. Precondition: equal counts. Cost: one sort.
    public static func auc(predictions: [Double], labels: [Bool]) -> Double? {
        precondition(predictions.count == labels.count, "auc: \(predictions.count) predictions, \(labels.count) labels")
        let positives = labels.count { $0 }
        let negatives = labels.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        let ranks = midranks(predictions)
        var rankSum = 0.0
        for (rank, isPositive) in zip(ranks, labels) where isPositive { rankSum += rank }
        let positiveCount = Double(positives)
        return (rankSum - positiveCount * (positiveCount + 1) / 2) / (positiveCount * Double(negatives))
    }

    /// AUC of one context, with the label score ≥ 0.5; `nil` where only one class is present.
    public static func auc(_ queries: ScoredQueries) -> Double? {
        auc(predictions: queries.predictions, labels: queries.labels)
    }

    /// Intra-context AUC: the mean of the contexts' own AUCs. Knowing only the policy's level does not raise it.
    ///
    /// Leaves out contexts of one class (see `count` of the result); `nil` where none is left.
    public static func intraContextAUC(_ contexts: [ScoredQueries]) -> MeanEstimate? {
        MeanEstimate(contexts.compactMap { auc($0) })
    }

    /// gAUC: the mean of the contexts' AUCs, weighted by their number of queries; `nil` where none has both classes.
    public static func groupAUC(_ contexts: [ScoredQueries]) -> Double? {
        var weighted = 0.0
        var weights = 0.0
        for context in contexts {
            guard let auc = auc(context) else { continue }
            weighted += auc * Double(context.count)
            weights += Double(context.count)
        }
        return weights > 0 ? weighted / weights : nil
    }

    /// Spearman's rank correlation with midranks; `nil` for fewer than two values, or where one side is constant.
    ///
    /// Precondition: equal counts. Cost: two sorts.
    public static func spearman(_ left: [Double], _ right: [Double]) -> Double? {
        precondition(left.count == right.count, "spearman: \(left.count) values against \(right.count)")
        guard left.count > 1 else { return nil }
        let leftRanks = midranks(left)
        let rightRanks = midranks(right)
        let middle = Double(left.count + 1) / 2
        var products = 0.0
        var leftSquares = 0.0
        var rightSquares = 0.0
        for (a, b) in zip(leftRanks, rightRanks) {
            products += (a - middle) * (b - middle)
            leftSquares += (a - middle) * (a - middle)
            rightSquares += (b - middle) * (b - middle)
        }
        guard leftSquares > 0, rightSquares > 0 else { return nil }
        return products / (leftSquares * rightSquares).squareRoot()
    }

    /// Ranks from 1; equal values share the mean of their ranks.
    static func midranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for position in start..<end { ranks[order[position]] = Double(start + 1 + end) / 2 }
            start = end
        }
        return ranks
    }
}
