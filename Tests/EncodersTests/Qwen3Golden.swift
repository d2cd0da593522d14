import Encoders
import Foundation
import Kernels
import ModelFiles
import TestSupport

/// A small Qwen3 and what transformers made of some sequences, from `Tests/Goldens/qwen`.
struct Qwen3Golden {
    static let path = Repository.root.appending(path: "Tests/Goldens/qwen").path
    /// One file without prefix, and base-model names in three shards.
    static let names = ["plain", "sharded"]

    let folder: Qwen3Folder
    let batch: RaggedBatch
    /// All tokens' last states, (T, C).
    let states: [Float]

    init(_ name: String) throws {
        folder = try Qwen3Folder(path: "\(Self.path)/\(name)")
        let file = try SafetensorsFile(path: "\(Self.path)/\(name).safetensors")
        let ids = try file.integers("ids").map(Int32.init)
        let starts = try file.integers("starts")
        batch = RaggedBatch(zip(starts, starts.dropFirst()).map { Array(ids[$0..<$1]) })
        states = try file.floats("states", shape: Shape(ids.count, folder.configuration.width))
    }

    /// An encoder that packs for itself.
    func encoder(
        threads: Int = 1, precision: Precision = .float32, backend: MatrixMultiply.Backend = .automatic
    ) throws -> Qwen3Encoder {
        try Qwen3Encoder(
            folder: folder, tokensMax: 128, threads: threads, precision: precision, packedIn: .nowhere,
            backend: backend)
    }

    /// Largest difference over largest value, as a share.
    static func relative(_ found: [Float], _ expected: [Float]) -> Float {
        largestDifference(found, expected) / (expected.map(abs).max() ?? 1)
    }
}
