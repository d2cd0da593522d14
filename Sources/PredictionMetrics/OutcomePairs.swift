extension EvaluationMetrics {
    /// Predictions of two queries of which one succeeded and the other failed.
    public struct OutcomePair: Hashable, Sendable {
        /// Prediction for the query that succeeded (score ≥ 0.5).
        public let success: Double
        /// Prediction for the query that failed.
        public let failure: Double

        /// Pairs two predictions.
        public init(success: Double, failure: Double) {
            self.success = success
            self.failure = failure
        }
    }

    /// The pairs among queries that share a pair id, in order of first appearance. A group counts if it holds exactly
    /// one success and one failure (V0's rule); `nil` ids belong to no pair.
    ///
    /// Precondition: an id or `nil` for each query.
    public static func pairs(of queries: ScoredQueries, by pairIDs: [String?]) -> [OutcomePair] {
        precondition(pairIDs.count == queries.count, "pairs: \(pairIDs.count) ids for \(queries.count) queries")
        var members: [String: [Int]] = [:]
        var order: [String] = []
        for (index, id) in pairIDs.enumerated() {
            guard let id else { continue }
            if members[id] == nil { order.append(id) }
            members[id, default: []].append(index)
        }
        let labels = queries.labels
        return order.compactMap { id in
            guard let pair = members[id], pair.count == 2, labels[pair[0]] != labels[pair[1]] else { return nil }
            let (success, failure) = labels[pair[0]] ? (pair[0], pair[1]) : (pair[1], pair[0])
            return OutcomePair(success: queries.predictions[success], failure: queries.predictions[failure])
        }
    }

    /// Share of pairs with both sides on the right side of 0.5: success ≥ 0.5 and failure < 0.5. `nil` for no pairs.
    public static func strictPairAccuracy(_ pairs: [OutcomePair]) -> Double? {
        let threshold = ScoredQueries.labelThreshold
        return share(of: pairs) { $0.success >= threshold && $0.failure < threshold }
    }

    /// Share of pairs whose success is predicted strictly above its failure. `nil` for no pairs.
    public static func rankingPairAccuracy(_ pairs: [OutcomePair]) -> Double? {
        share(of: pairs) { $0.success > $0.failure }
    }

    private static func share(of pairs: [OutcomePair], where isRight: (OutcomePair) -> Bool) -> Double? {
        pairs.isEmpty ? nil : Double(pairs.count(where: isRight)) / Double(pairs.count)
    }
}
