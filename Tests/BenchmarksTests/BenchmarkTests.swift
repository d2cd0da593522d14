import Benchmarks
import Foundation
import Encoders
import ModelFiles
import Kernels
import TestSupport
import Testing

/// The measurements that compute something a test can check.
@Suite("Benchmarks")
struct BenchmarkTests {
    @Test("the planning benchmark's plans are exact, nearly optimal and the same every time")
    func planning() throws {
        var benchmark = PlanningBenchmark()
        (benchmark.prompts, benchmark.streamedPrompts, benchmark.rounds) = (20_000, 300, 1)
        for beliefs in PlanningBenchmark.Beliefs.allCases {
            let result = try benchmark.run(beliefs)
            #expect(result.rollouts == 320_000 && result.gap < 1e-5 && result.gap >= 0)
            #expect(try benchmark.run(beliefs).id == result.id)
            print("20,000 prompts, \(beliefs): gap \(result.gap)")
        }
        #expect(try benchmark.runStreamed().utilityShare > 0.95)
    }

    @Test("the Qwen3 benchmark counts every round and writes the requested states", arguments: Precision.allCases)
    func qwen3(precision: Precision) throws {
        let folder = Repository.path("Tests/Goldens/qwen/plain")
        let encoder = try Qwen3Encoder(folder: Qwen3Folder(path: folder), threads: 2, precision: precision)
        let benchmark = Qwen3Benchmark(encoder)
        let result = try benchmark.run(Qwen3Benchmark.Batch(tokens: 9, sequences: 3), rounds: 4)
        #expect(result.seconds.count == 4 && result.processorSeconds.count == 4 && result.productSeconds.count == 4)
        #expect(result.tokensPerSecond > 0 && result.productSecondsAlone > 0)

        let source = try SafetensorsFile(path: Repository.path("Tests/Goldens/qwen/plain.safetensors"))
        let path = NSTemporaryDirectory() + "states-\(UUID().uuidString).f32"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try benchmark.writeStates(ofIdsIn: source.path, to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let values = stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
        let (ids, starts) = (try source.integers("ids").map(Int32.init), try source.integers("starts"))
        let batch = RaggedBatch(zip(starts, starts.dropFirst()).map { ids[$0..<$1] }.map(Array.init))
        #expect(values == (try encoder.states(batch).flatMap(\.self)))
    }
}
