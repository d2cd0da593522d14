import Foundation
import Heads
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

/// What the slow version said of real prompts, from a folder of `Tests/Goldens`; `scripts/train/golden.py` made it.
///
/// `compact1` has a head of version 1 and what the scripts of that time said; `compact` is of the head that comes with the
/// program, which has version 2.
struct CompactHeadGolden {
    struct Case {
        let name: String
        let rows: Int
        /// Kind of references; empty without any.
        let references: String
        /// `fields` of covariates, `wide` scripts or `textless`; empty for none of them.
        let parts: String
    }

    /// Contexts of the golden.
    let cases: [Case]
    private let folder: String
    private let file: SafetensorsFile
    private let pool: FeatureMatrix
    private let grams: [CharacterGrams]
    private static let queryCount = 8

    init(_ folder: String) throws {
        self.folder = folder
        file = try SafetensorsFile(path: Self.path("\(folder)/compact.safetensors"))
        cases = try #require(file.header.metadata["cases"]).split(separator: " ").map { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            return Case(
                name: parts[0], rows: try #require(Int(parts[1])), references: parts.count > 2 ? parts[2] : "",
                parts: parts.count > 3 ? parts[3] : "")
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
        grams = try Self.grams(file, prefix: "pool.grams.", wide: "pool.wide")
    }

    static func first() throws -> CompactHeadGolden { try CompactHeadGolden("compact1") }
    static func second() throws -> CompactHeadGolden { try CompactHeadGolden("compact") }

    /// The weights file that the golden is of.
    var headPath: String {
        get throws {
            folder == "compact" ? try CompactHeadFile.find() : Self.path("\(folder)/compact-head.safetensors")
        }
    }

    func head() throws -> CompactHead { try CompactHead(weights: SafetensorsFile(path: headPath)) }

    private static func path(_ name: String) -> String { Repository.root.appending(path: "Tests/Goldens/\(name)").path }

    /// Character runs of texts, and the texts, of `grams.safetensors`.
    static func gramsOfTexts() throws -> (texts: [String], grams: [CharacterGrams]) {
        let file = try SafetensorsFile(path: path("compact/grams.safetensors"))
        let texts = try JSONDecoder().decode(
            [String].self, from: Data(try #require(file.header.metadata["texts"]).utf8))
        return (texts, try grams(file, prefix: "", wide: "wide"))
    }

    private static func grams(_ file: SafetensorsFile, prefix: String, wide: String) throws -> [CharacterGrams] {
        guard file.header.entries["\(prefix)starts"] != nil else { return [] }
        let starts = try file.integers("\(prefix)starts")
        let (places, counts) = (try file.integers("\(prefix)places"), try file.integers("\(prefix)counts"))
        let shares = try file.floats(wide)
        return shares.indices.map { text in
            let range = starts[text]..<starts[text + 1]
            return CharacterGrams(
                places: places[range].map { UInt32($0) }, counts: counts[range].map { UInt16($0) },
                wideShare: Double(shares[text]))
        }
    }

    /// Features of the prompts that are asked in every case.
    var queries: FeatureMatrix { pool.selecting(Array(queryPlaces)) }
    /// Their places in the pool.
    var queryPlaces: Range<Int> { pool.rows - Self.queryCount..<pool.rows }

    /// Features of the pool's first rows.
    func features(_ rows: Int) -> FeatureMatrix { pool.selecting(Array(0..<rows)) }

    /// Features of a case's context: its rows, then the pool if there are references.
    func contextFeatures(_ example: Case) -> FeatureMatrix {
        pool.selecting(Array(0..<example.rows) + (example.references.isEmpty ? [] : Array(0..<pool.rows)))
    }

    /// Character runs of a case's rows; `nil` where it has no texts.
    func contextGrams(_ example: Case) -> [CharacterGrams]? {
        guard example.parts != "textless", !grams.isEmpty else { return nil }
        return grams.prefix(example.rows).map { own in
            let share = example.parts == "wide" ? 0.5 : own.wideShare
            return CharacterGrams(places: own.places, counts: own.counts, wideShare: share)
        }
    }

    /// Those of a query.
    func queryGrams(_ example: Case, _ query: Int) -> CharacterGrams? {
        example.parts == "textless" || grams.isEmpty ? nil : grams[queryPlaces.lowerBound + query]
    }

    func context(_ name: String) throws -> ContextSet {
        try context(#require(cases.first { $0.name == name }))
    }

    func context(_ example: Case) throws -> ContextSet {
        let (rewards, rollouts) = (try stage(example.name, "rewards"), try stage(example.name, "rollouts"))
        let sides = try CompactHeadGoldenSides(self, example)
        let rows = try zip(rewards, rollouts).enumerated().map { index, pair in
            ContextSet.Row(
                text: "\(index)", outcome: try #require(Outcome(reward: pair.0, n: Int(pair.1))),
                side: try sides.side(index))
        }
        let pool =
            try sides.hasPool
            ? (0..<pool.rows).map { ContextSet.PoolRow(text: "\($0)", side: try sides.pooled($0)) } : []
        return try #require(ContextSet(rows, schema: sides.schema, pool: pool))
    }

    /// The prompts that are asked, with what is known of them.
    func asked(_ example: Case) throws -> QuerySet {
        let sides = try CompactHeadGoldenSides(self, example)
        return QuerySet(features: queries, side: try queryPlaces.map { try sides.side($0) })
    }

    /// A result of the slow version.
    func stage(_ name: String, _ stage: String) throws -> [Double] {
        try file.floats("\(name).\(stage)").map(Double.init)
    }

    func has(_ name: String, _ stage: String) -> Bool { file.header.entries["\(name).\(stage)"] != nil }
    func poolFloats(_ name: String) throws -> [Float] { try file.floats("pool.\(name)") }
    func poolIntegers(_ name: String) throws -> [Int] { try file.integers("pool.\(name)") }
}
