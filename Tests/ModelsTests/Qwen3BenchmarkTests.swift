import Encoders
import Foundation
import Kernels
import ModelFiles
import Models
import TestSupport
import Testing

@Suite("Qwen3Benchmark")
struct Qwen3BenchmarkTests {
    @Test("the benchmark counts every round, and writes the states that it is asked for", arguments: Precision.allCases)
    func benchmark(precision: Precision) throws {
        let benchmark = Qwen3Benchmark(try Self.encoder(threads: 2, precision: precision))
        let result = try benchmark.run(Qwen3Benchmark.Batch(tokens: 9, sequences: 3), rounds: 4)
        #expect(result.seconds.count == 4 && result.processorSeconds.count == 4 && result.productSeconds.count == 4)
        #expect(result.tokensPerSecond > 0 && result.productSecondsAlone > 0)
        let ids = Repository.path("Tests/Goldens/qwen/plain.safetensors")
        let path = try ScratchFolder.file([]) + ".f32"
        try benchmark.writeStates(ofIdsIn: ids, to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let values = stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
        let file = try SafetensorsFile(path: ids)
        let (tokens, starts) = (try file.integers("ids").map(Int32.init), try file.integers("starts"))
        let batch = RaggedBatch(zip(starts, starts.dropFirst()).map { Array(tokens[$0..<$1]) })
        let expected = try Self.encoder(precision: precision).states(batch).flatMap(\.self)
        #expect(values == expected)
    }

    private static func encoder(threads: Int = 1, precision: Precision) throws -> Qwen3Encoder {
        let folder = try Qwen3Folder(path: Repository.path("Tests/Goldens/qwen/plain"))
        return try Qwen3Encoder(folder: folder, threads: threads, precision: precision, packedIn: .nowhere)
    }
}
