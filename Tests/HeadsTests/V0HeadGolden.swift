import Foundation
import Heads
import Kernels
import ModelFiles
import Scoring
import TestSupport

/// What the reference's adapter and head gave, from `Tests/Goldens/v0head`; `scripts/goldens/v0head` made it.
struct V0HeadGolden {
    static let folder = Repository.root.appending(path: "Tests/Goldens/v0head").path

    /// The tiny head: 24 channels, 2 layers, 4 thinking rows.
    static let configuration = TabPFNConfiguration(width: 24, layers: 2, heads: 3, thinkingRows: 4)
    /// The tiny head with the other encoder.
    static let mlpConfiguration = TabPFNConfiguration(
        width: 16, layers: 3, heads: 2, thinkingRows: 2, encoder: .mlp(inner: 32))

    let file: SafetensorsFile

    init(_ name: String) throws {
        file = try SafetensorsFile(path: "\(Self.folder)/\(name).safetensors")
    }

    static func head(
        threads: Int = 1, ensemble: EnsembleConfiguration = EnsembleConfiguration(),
        arithmetic: TabPFNArithmetic = TabPFNArithmetic()
    ) throws -> TabPFNHead {
        try TabPFNHead(
            weights: try V0HeadGolden("head").file, configuration: configuration, ensemble: ensemble,
            arithmetic: arithmetic, threads: threads)
    }

    func sizes(_ name: String) -> [Int] { file.header.entries[name]?.shape.sizes ?? [] }

    func floats(_ name: String) throws -> [Float] {
        try file.floats(name, shape: file.header.entries[name]?.shape ?? Shape())
    }

    /// A two-dimensional tensor as features.
    func matrix(_ name: String) throws -> FeatureMatrix {
        let sizes = sizes(name)
        return FeatureMatrix(
            columns: sizes.last ?? 0, values: try floats(name),
            isTruncated: [Bool](repeating: false, count: sizes.first ?? 0))
    }

    func table(_ name: String) throws -> MemberTable {
        let matrix = try matrix(name)
        return MemberTable(rows: matrix.rows, columns: matrix.columns, values: matrix.values)
    }

    func labels(_ name: String = "y") throws -> [Bool] { try file.integers(name).map { $0 == 1 } }
}
