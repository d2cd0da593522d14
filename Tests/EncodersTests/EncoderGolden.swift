import Encoders
import Foundation
import Kernels
import ModelFiles
import TestSupport

/// Token ids and what the reference made of them, from `Tests/Goldens/encoder`.
struct EncoderGolden {
    static let folder = Repository.root.appending(path: "Tests/Goldens/encoder").path

    let batch: RaggedBatch
    let embeddings: [Float]

    init(_ name: String, width: Int) throws {
        let file = try SafetensorsFile(path: "\(Self.folder)/\(name).safetensors")
        let ids = try file.integers("ids").map(Int32.init)
        let starts = try file.integers("starts")
        batch = RaggedBatch(zip(starts, starts.dropFirst()).map { Array(ids[$0..<$1]) })
        embeddings = try file.floats("embeddings", shape: Shape(starts.count - 1, width))
    }
}
