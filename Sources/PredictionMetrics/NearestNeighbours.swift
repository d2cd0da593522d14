public import Scoring

/// The baseline of nearest neighbours: a query's prediction is the mean reward of the context rows with the nearest
/// embeddings by cosine.
///
/// Cosines of all queries with all rows are computed once, and used for every prefix of the context.
public struct NearestNeighbours {
    private let rows: Int
    private let queries: Int
    /// `(queries, rows)`.
    private let cosines: [Float]

    /// Compares the leading `columns` of the features. Cost: queries · rows · columns multiplications.
    public init(context: FeatureMatrix, queries: FeatureMatrix, columns: Int) {
        let width = (columns + 7) / 8
        let vectors = (0..<context.rows).flatMap { Self.unit(context.row($0).prefix(columns), width) }
        var cosines: [Float] = []
        cosines.reserveCapacity(queries.rows * context.rows)
        for query in 0..<queries.rows {
            let direction = Self.unit(queries.row(query).prefix(columns), width)
            for row in 0..<context.rows {
                var sum = SIMD8<Float>.zero
                for index in 0..<width { sum += vectors[row * width + index] * direction[index] }
                cosines.append(sum.sum())
            }
        }
        self.cosines = cosines
        rows = context.rows
        self.queries = queries.rows
    }

    /// By query: mean reward of its `count` nearest rows. `rewards` are those of the first rows of the context; other
    /// rows are ignored. Ties in the cosine go to the earlier row. Precondition: 1 to `rows` rewards.
    public func meanReward(of count: Int, rewards: [Double]) -> [Double] {
        precondition(!rewards.isEmpty && rewards.count <= rows, "NearestNeighbours: \(rewards.count) of \(rows) rows")
        return (0..<queries).map { query in
            var nearest: [(cosine: Float, row: Int)] = []
            for row in rewards.indices {
                let cosine = cosines[query * rows + row]
                if nearest.count == count, let last = nearest.last, cosine <= last.cosine { continue }
                let place = nearest.firstIndex { $0.cosine < cosine } ?? nearest.count
                nearest.insert((cosine, row), at: place)
                if nearest.count > count { nearest.removeLast() }
            }
            return nearest.reduce(0) { $0 + rewards[$1.row] } / Double(nearest.count)
        }
    }

    private static func unit(_ vector: ArraySlice<Float>, _ width: Int) -> [SIMD8<Float>] {
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var blocks = [SIMD8<Float>](repeating: .zero, count: width)
        for (index, value) in vector.enumerated() { blocks[index / 8][index % 8] = norm > 0 ? value / norm : value }
        return blocks
    }
}
