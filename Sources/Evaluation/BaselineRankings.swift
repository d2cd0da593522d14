internal import Scoring

/// Rankings of the queries that need no model: what a model must beat.
struct BaselineRankings {
    /// By query: length in bytes, with the sign of its correlation with the reward in the context.
    let length: [Double]
    /// By query: mean reward of the 10 nearest context rows; `nil` without an embedding.
    let knn10: [Double]?

    init(
        context: ContextSet, contextFeatures: FeatureMatrix, queryTexts: [String], queryFeatures: FeatureMatrix,
        embeddingColumns: Int?
    ) {
        let rewards = context.rows.map(\.outcome.reward)
        let lengths = context.rows.map { Double($0.text.utf8.count) }
        let meanReward = rewards.reduce(0, +) / Double(rewards.count)
        let meanLength = lengths.reduce(0, +) / Double(lengths.count)
        let covariance = zip(lengths, rewards).reduce(0) { $0 + ($1.0 - meanLength) * ($1.1 - meanReward) }
        let sign: Double = covariance < 0 ? -1 : 1
        length = queryTexts.map { sign * Double($0.utf8.count) }
        knn10 = embeddingColumns.map { columns in
            Self.nearest(10, rewards: rewards, contextFeatures, queryFeatures, columns: columns)
        }
    }

    /// Ties in the cosine go to the earlier row of the context.
    private static func nearest(
        _ count: Int, rewards: [Double], _ context: FeatureMatrix, _ queries: FeatureMatrix, columns: Int
    ) -> [Double] {
        let rows = (0..<context.rows).map { unit(context.row($0).prefix(columns)) }
        return (0..<queries.rows).map { query in
            let direction = unit(queries.row(query).prefix(columns))
            let cosines = rows.map { row in
                var sum: Float = 0
                for (a, b) in zip(row, direction) { sum += a * b }
                return sum
            }
            let nearest = cosines.indices.sorted { (-cosines[$0], $0) < (-cosines[$1], $1) }.prefix(count)
            return nearest.reduce(0) { $0 + rewards[$1] } / Double(nearest.count)
        }
    }

    private static func unit(_ vector: ArraySlice<Float>) -> [Float] {
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm > 0 ? vector.map { $0 / norm } : Array(vector)
    }
}
