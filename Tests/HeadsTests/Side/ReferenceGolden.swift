import Foundation
import Heads
import Scoring
import TestSupport
import Testing

/// What numpy said of made-up prompts with references; `scripts/goldens/head/make_references.py` made it.
struct ReferenceGolden: Decodable {
    struct Case: Decodable {
        let name: String
        let rows: Int
        let rewards: [Double]
        let rollouts: [Int]
        /// By reference and prompt.
        let values: [[Double?]]?
        let valueRollouts: [Int]?
        let recordSuccesses: [Int]?
        let recordRollouts: [Int]?
        let policyWeights: [Double]?
        let policyColumn: [Double]?
        let recordColumn: [Double]?
        let leftOut: [Double]
        let raw: [Double]
        let p: [Double]
        let kappa: Double
    }

    let columns: Int
    let queries: Int
    let features: [Float]
    let cases: [Case]

    static func read() throws -> ReferenceGolden { try HeadGolden.read("references.json", as: ReferenceGolden.self) }

    /// Features of all prompts.
    var matrix: FeatureMatrix {
        let width = columns + SurfaceFeatures.count
        return FeatureMatrix(
            columns: width, values: features, isTruncated: [Bool](repeating: false, count: features.count / width))
    }

    /// Of the context: its rows' prompts, then all prompts, which are the pool.
    func contextFeatures(_ example: Case) -> FeatureMatrix {
        matrix.selecting(Array(0..<example.rows) + Array(0..<matrix.rows))
    }

    func context(_ example: Case) throws -> ContextSet {
        let sides = try (0..<matrix.rows).map { try side(example, $0, poolRow: nil) }
        let rows = try (0..<example.rows).map { row in
            ContextSet.Row(
                text: "\(row)",
                outcome: try #require(Outcome(reward: example.rewards[row], n: example.rollouts[row])),
                side: try side(example, row, poolRow: row))
        }
        let pool = sides.enumerated().map { ContextSet.PoolRow(text: "\($0.offset)", side: $0.element) }
        return try #require(ContextSet(rows, schema: schema(example), pool: pool))
    }

    /// The last prompts, each in the pool.
    func asked(_ example: Case) throws -> QuerySet {
        let places = Array(matrix.rows - queries..<matrix.rows)
        return QuerySet(
            features: matrix.selecting(places), side: try places.map { try side(example, $0, poolRow: $0) })
    }

    private func schema(_ example: Case) -> SideSchema {
        var references = (0..<(example.values?.count ?? 0)).map { SideSchema.Reference(name: "policy \($0)") }
        if example.recordRollouts != nil { references.append(.init(name: "old", kind: .ownRecord)) }
        return SideSchema(references: references)
    }

    private func side(_ example: Case, _ prompt: Int, poolRow: Int?) throws -> SideInformation {
        var outcomes: [SideInformation.ReferenceOutcome] = []
        for (k, values) in (example.values ?? []).enumerated() {
            guard let value = values[prompt] else { continue }
            let n = try #require(example.valueRollouts?[k])
            outcomes.append(.init(reference: k, outcome: try #require(Outcome(reward: value, n: n))))
        }
        if let n = example.recordRollouts?[prompt], n > 0 {
            let k = try #require(example.recordSuccesses?[prompt])
            let index = example.values?.count ?? 0
            outcomes.append(.init(reference: index, outcome: try #require(Outcome(k: k, n: n))))
        }
        return SideInformation(references: outcomes, poolRow: poolRow)
    }
}
