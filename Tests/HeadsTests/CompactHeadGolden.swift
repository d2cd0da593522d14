import Foundation
import Heads
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

/// What the slow version said of real prompts, from `Tests/Goldens/compact`; `scripts/train/golden.py` made it.
struct CompactHeadGolden {
    /// Contexts of the golden: name and rows.
    let cases: [(name: String, rows: Int)]
    private let file: SafetensorsFile
    private let pool: FeatureMatrix
    private static let queryCount = 8

    init() throws {
        let root = Repository.root.appending(path: "Tests")
        file = try SafetensorsFile(path: root.appending(path: "Goldens/compact/compact.safetensors").path)
        cases = try #require(file.header.metadata["cases"]).split(separator: " ").map { text in
            let parts = text.split(separator: ":")
            return (String(parts[0]), try #require(parts.last.flatMap { Int($0) }))
        }
        let (embedding, surface) = (try file.floats("pool.embedding"), try file.floats("pool.surface"))
        let count = surface.count / SurfaceFeatures.count
        let width = embedding.count / count
        var values: [Float] = []
        for row in 0..<count {
            values += embedding[row * width..<(row + 1) * width]
            values += surface[row * SurfaceFeatures.count..<(row + 1) * SurfaceFeatures.count]
        }
        pool = FeatureMatrix(
            columns: width + SurfaceFeatures.count, values: values, isTruncated: [Bool](repeating: false, count: count))
    }

    /// Features of the prompts that are asked in every case.
    var queries: FeatureMatrix { pool.selecting(Array(pool.rows - Self.queryCount..<pool.rows)) }

    /// Features of the pool's first rows.
    func features(_ rows: Int) -> FeatureMatrix { pool.selecting(Array(0..<rows)) }

    func context(_ name: String) throws -> ContextSet {
        let (rewards, rollouts) = (try stage(name, "rewards"), try stage(name, "rollouts"))
        let rows = try zip(rewards, rollouts).enumerated().map { index, pair in
            ContextSet.Row(text: "\(index)", outcome: try #require(Outcome(reward: pair.0, n: Int(pair.1))))
        }
        return try #require(ContextSet(rows))
    }

    /// A result of the slow version.
    func stage(_ name: String, _ stage: String) throws -> [Double] {
        try file.floats("\(name).\(stage)").map(Double.init)
    }
}
