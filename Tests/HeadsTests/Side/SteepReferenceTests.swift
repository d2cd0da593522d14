import Foundation
import Heads
import Scoring
import Testing

/// One reference that solves nearly all prompts, and a policy that solves most of the few which it does not.
///
/// A steep slope makes these few nearly impossible. Full Newton steps circle there, and the head ranked prompts upside down.
@Suite("References that few rows contradict")
struct SteepReferenceTests {
    private struct Pattern {
        /// Rows that the reference does not solve, those of them that the policy solves, and others that it does not.
        let hard: Int
        let solved: Int
        let failed: Int
        let rows = 160

        func reference(_ row: Int) -> Double { row < hard ? 0 : 1 }
        func reward(_ row: Int) -> Double { (solved..<hard + failed).contains(row) ? 0 : 1 }
    }

    private static let patterns = (3...8).flatMap { hard in
        [0, 2, 4, 8, 12].flatMap { failed in
            (hard / 2..<hard).map { Pattern(hard: hard, solved: $0, failed: failed) }
        }
    }

    @Test("the compact head's level and slope are where the fit is best")
    func linearisation() throws {
        let head = try CompactHead.load()
        let none = try head.prepare(HeadSamples.context(rewards: []), features: features(0, of: head))
        let population = none.level
        for pattern in Self.patterns {
            let features = self.features(2 * pattern.rows, of: head)
            let prepared = try head.prepare(context(pattern), features: features, grams: nil)
            var (gradient, slopeGradient) = (-(prepared.level - population) / 4, -(prepared.slopes.x - 0.5) / 0.5)
            for row in 0..<pattern.rows {
                let z = prepared.referenceColumns[row].x
                let difficulty = prepared.columns[row * CompactHeadConfiguration.columns]
                let p = 1 / (1 + exp(-(prepared.level + difficulty + z * prepared.slopes.x)))
                gradient += pattern.reward(row) - p
                slopeGradient += (pattern.reward(row) - p) * z
            }
            #expect(abs(gradient) < 1e-6 && abs(slopeGradient) < 1e-6, "\(pattern): \(gradient), \(slopeGradient)")
        }
    }

    @Test("the link is where the fit is best, whatever few scores are contradicted")
    func link() {
        for pattern in Self.patterns {
            for low in [-3.9, -6, -12] {
                let rewards = (0..<pattern.rows).map(pattern.reward)
                let scores = (0..<pattern.rows).map { pattern.reference($0) == 0 ? low : 2.5 }
                let link = OutcomeLink(scores: scores, rewards: rewards)
                let prior = (link.weights - SIMD2(0, 1)) / 0.09
                let gradient = zip(scores, rewards).reduce(-prior) { sum, row in
                    let p = 1 / (1 + exp(-(link.weights.x + link.weights.y * row.0)))
                    return sum + (row.1 - p) * SIMD2(1, row.0)
                }
                #expect(abs(gradient.x) < 1e-6 && abs(gradient.y) < 1e-6, "\(pattern), \(low): \(gradient)")
            }
        }
    }

    private func context(_ pattern: Pattern) throws -> ContextSet {
        let sides = try (0..<pattern.rows).map { row in
            let outcome = try #require(Outcome(reward: pattern.reference(row)))
            return SideInformation(references: [.init(reference: 0, outcome: outcome)], poolRow: row)
        }
        let rows = try sides.enumerated().map { row, side in
            ContextSet.Row(text: "\(row)", outcome: try #require(Outcome(reward: pattern.reward(row))), side: side)
        }
        let pool = sides.enumerated().map {
            ContextSet.PoolRow(text: "\($0.offset)", side: SideInformation(references: $0.element.references))
        }
        return try #require(ContextSet(rows, schema: SideSchema(references: [.init(name: "other")]), pool: pool))
    }

    /// Random embeddings, and the surface of a text that training finds neither easy nor hard.
    private func features(_ rows: Int, of head: CompactHead) -> FeatureMatrix {
        var generator = SeededGenerator(seed: 5)
        let surface = SurfaceFeatures.features(of: String(repeating: "word ", count: 100))
        var values: [Float] = []
        for _ in 0..<rows / 2 {
            let vector = (0..<CompactHeadConfiguration.embeddingColumns).map { _ in Float(generator.unit() - 0.5) }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += vector.map { $0 / norm } + surface
        }
        // The context's rows, and again as the pool.
        return FeatureMatrix(
            columns: head.featureColumns, values: values + values, isTruncated: [Bool](repeating: false, count: rows))
    }
}
