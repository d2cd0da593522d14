import Heads
import Scoring
import Testing

/// Features and context sets drawn from a seed, with rewards that depend on the features.
struct HeadSamples {
    static let embeddingColumns = 20
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// `(rows, E + S)` with unit embeddings.
    mutating func features(_ rows: Int) -> FeatureMatrix {
        var values: [Float] = []
        for _ in 0..<rows {
            let vector = (0..<Self.embeddingColumns).map { _ in Float(generator.unit() - 0.5) }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += vector.map { $0 / norm }
            values += (0..<SurfaceFeatures.count).map { _ in Float(generator.unit() * 4) }
        }
        return FeatureMatrix(
            columns: Self.embeddingColumns + SurfaceFeatures.count, values: values,
            isTruncated: [Bool](repeating: false, count: rows))
    }

    /// Rewards of `n` rollouts that are likelier where the first embedding column is high.
    mutating func context(_ features: FeatureMatrix, n: Int = 1) throws -> ContextSet {
        var rewards: [Double] = []
        for row in 0..<features.rows {
            let p = features.row(row).first.map { $0 > 0 ? 0.9 : 0.2 } ?? 0.5
            rewards.append(Double((0..<n).count { _ in generator.unit() < p }) / Double(n))
        }
        return try Self.context(rewards: rewards, n: n)
    }

    static func context(rewards: [Double], n: Int = 1) throws -> ContextSet {
        let rows = try rewards.enumerated().map { index, reward in
            ContextSet.Row(text: "prompt \(index)", outcome: try #require(Outcome(reward: reward, n: n)))
        }
        return try #require(ContextSet(rows))
    }
}
