import Scoring

/// The router that learned ones are measured against: the mean reward of the ten nearest prompts of a history.
///
/// "Nearest" by the cosine of the encoder's embedding; ties go to the earlier row.
struct NearestNeighbours {
    static let count = 10

    private let rows: [[Float]]
    private let rewards: [Double]
    private let columns: Int

    /// `features` are the history's rows, of which the first `columns` are the embedding.
    init(features: FeatureMatrix, rewards: [Double], columns: Int) {
        self.columns = columns
        self.rewards = rewards
        rows = (0..<features.rows).map { Self.unit(features.row($0).prefix(columns)) }
    }

    /// Mean reward of the nearest rows, by query; 0.5 without a history.
    func predict(_ queries: FeatureMatrix) -> [Double] {
        guard !rows.isEmpty else { return Array(repeating: 0.5, count: queries.rows) }
        return (0..<queries.rows).map { query in
            let direction = Self.unit(queries.row(query).prefix(columns))
            let cosines = rows.map { Self.product($0, direction) }
            let nearest = cosines.indices.sorted { (-cosines[$0], $0) < (-cosines[$1], $1) }.prefix(Self.count)
            return nearest.reduce(0) { $0 + rewards[$1] } / Double(nearest.count)
        }
    }

    private static func product(_ left: [Float], _ right: [Float]) -> Float {
        var sums = SIMD8<Float>.zero
        let whole = left.count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) {
            sums += SIMD8(left[start..<start + 8]) * SIMD8(right[start..<start + 8])
        }
        return (whole..<left.count).reduce(sums.sum()) { $0 + left[$1] * right[$1] }
    }

    private static func unit(_ vector: ArraySlice<Float>) -> [Float] {
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm > 0 ? vector.map { $0 / norm } : Array(vector)
    }
}
