import Foundation
import Heads
import Scoring
import Testing

/// Prompts with a difficulty that text shows in part, a policy's outcomes on them, references and covariates.
struct SideSamples {
    let features: FeatureMatrix
    /// By prompt: log-odds of the policy.
    let truth: [Double]
    let rewards: [Double]
    private(set) var schema = SideSchema()
    private(set) var sides: [SideInformation]
    private var generator: SeededGenerator

    init(seed: UInt64, prompts: Int) {
        var samples = HeadSamples(seed: seed &* 7919 &+ 13)
        let features = samples.features(prompts)
        self.init(seed: seed, features: features) { row, noise in
            Double(features.row(row).first ?? 0) * 10 + 1.5 * noise
        }
    }

    /// With given features; `truth` makes the log-odds of a row and a normal number.
    init(seed: UInt64, features: FeatureMatrix, truth make: (Int, Double) -> Double) {
        var generator = SeededGenerator(seed: seed)
        let truth = (0..<features.rows).map { make($0, Self.normal(&generator)) }
        rewards = truth.map { generator.unit() < 1 / (1 + exp(-$0)) ? 1 : 0 }
        self.features = features
        self.truth = truth
        self.generator = generator
        sides = [SideInformation](repeating: .none, count: features.rows)
    }

    static func normal(_ generator: inout SeededGenerator) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + generator.unit() }
    }

    /// Adds references: each has an outcome on a share of prompts. `kind` is good, inverted or useless.
    mutating func addReferences(_ kinds: [Kind], coverage: Double = 1) throws {
        let start = schema.references.count
        var references = sides.map(\.references)
        for (index, kind) in kinds.enumerated() {
            for prompt in truth.indices where generator.unit() < coverage {
                let own = kind == .useless ? 0 : truth[prompt]
                let logOdds = own + Self.normal(&generator)
                let success = generator.unit() < 1 / (1 + exp(kind == .inverted ? logOdds : -logOdds))
                let outcome = try #require(Outcome(reward: success ? 1 : 0))
                references[prompt].append(.init(reference: start + index, outcome: outcome))
            }
        }
        schema = SideSchema(
            references: schema.references + kinds.indices.map { .init(name: "r\(start + $0)") },
            numbers: schema.numbers, categories: schema.categories, vectors: schema.vectors)
        sides = sides.enumerated().map { row, side in
            SideInformation(
                references: references[row], numbers: side.numbers, categories: side.categories,
                vectors: side.vectors)
        }
    }

    /// Adds a number, a category and a vector that go with the difficulty, or do not; a tenth is missing.
    mutating func addCovariates(_ parts: Set<Part>, useful: Bool) {
        schema = SideSchema(
            references: schema.references, numbers: parts.contains(.number) ? ["level"] : [],
            categories: parts.contains(.category) ? ["subject"] : [],
            vectors: parts.contains(.vector) ? [.init(name: "states", columns: 6)] : [])
        sides = sides.enumerated().map { row, side in
            let own = (useful ? truth[row] : 2 * Self.normal(&generator)) + Self.normal(&generator) / 2
            let isMissing = generator.unit() < 0.1
            let number = isMissing ? Float.nan : Float(own * 40 + 1000)
            let category = isMissing ? 0 : SideSchema.code(of: "\(min(3, max(-3, Int(own.rounded()))))")
            let vector = (0..<6).map { column in
                isMissing ? Float.nan : Float(own * Double(column % 3 - 1) + Self.normal(&generator) / 2)
            }
            return SideInformation(
                references: side.references, numbers: parts.contains(.number) ? [number] : [],
                categories: parts.contains(.category) ? [category] : [],
                vectors: parts.contains(.vector) ? vector : [])
        }
    }

    enum Kind { case good, inverted, useless }
    enum Part { case number, category, vector }

    /// A context of the first rows; all prompts are the pool where there are references.
    func context(_ rows: Int) throws -> ContextSet {
        let hasPool = !schema.references.isEmpty
        let own = try (0..<rows).map { row in
            ContextSet.Row(
                text: "\(row)", outcome: try #require(Outcome(reward: rewards[row])),
                side: placed(row, isInPool: hasPool))
        }
        let pool = hasPool ? sides.enumerated().map { ContextSet.PoolRow(text: "\($0.offset)", side: $0.element) } : []
        return try #require(ContextSet(own, schema: schema, pool: pool))
    }

    /// Features of the texts of that context.
    func contextFeatures(_ rows: Int) -> FeatureMatrix {
        features.selecting(Array(0..<rows) + (schema.references.isEmpty ? [] : Array(truth.indices)))
    }

    /// The prompts from a row on.
    func queries(from row: Int) -> QuerySet {
        let places = Array(row..<truth.count)
        return QuerySet(
            texts: places.map { "\($0)" }, features: features.selecting(places),
            side: places.map { placed($0, isInPool: !schema.references.isEmpty) })
    }

    private func placed(_ row: Int, isInPool: Bool) -> SideInformation {
        SideInformation(
            references: sides[row].references, numbers: sides[row].numbers, categories: sides[row].categories,
            vectors: sides[row].vectors, poolRow: isInPool ? row : nil)
    }

    /// AUC of predictions of the prompts from a row on.
    func auc(_ predictions: [Prediction], from row: Int) -> Double {
        let labels = rewards[row...].map { $0 > 0.5 }
        let order = predictions.indices.sorted { predictions[$0].p < predictions[$1].p }
        var (rank, sum, ones) = (0.0, 0.0, 0.0)
        for index in order {
            rank += 1
            if labels[index] { (sum, ones) = (sum + rank, ones + 1) }
        }
        return (sum - ones * (ones + 1) / 2) / (ones * (Double(labels.count) - ones))
    }
}
