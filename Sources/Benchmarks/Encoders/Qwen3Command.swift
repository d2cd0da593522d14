import ArgumentParser
import Foundation
import Inference
import Kernels

extension Benchmark {
    /// `statezero bench qwen`.
    struct Qwen3: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "qwen", abstract: "Tokens a second of a Qwen3 encoder, alone and in batches, without padding.",
            discussion: "scripts/benchmarks/qwen_peer.py puts transformers beside it in one run.")

        @Argument(help: "Encoder folder: config.json and safetensors, as Hugging Face writes them.")
        var folder: String

        @Option(help: "Threads.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        @Option(help: "Arithmetic: float32, bfloat16 or int8.")
        var precision = Precision.float32

        @Option(help: "Measured rounds; the median counts. 0 measures nothing.")
        var rounds = 5

        @Option(help: "A safetensors file of `ids` and `starts`: sequences to encode for a comparison.")
        var ids: String?

        @Option(help: "Where the states of --ids go, as raw float32.")
        var states: String?

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func validate() throws {
            if threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
            if rounds < 0 { throw ValidationError("--rounds \(rounds): at least 0") }
            if (ids == nil) != (states == nil) { throw ValidationError("--ids and --states go together") }
        }

        func run() throws {
            do {
                let encoder = try Qwen3Encoder(
                    folder: Qwen3Folder(path: folder), threads: threads, precision: precision)
                let benchmark = Qwen3Benchmark(encoder)
                if let ids, let states { try benchmark.writeStates(ofIdsIn: ids, to: states) }
                for batch in rounds > 0 ? Qwen3Benchmark.batches : [] {
                    let result = try benchmark.run(batch, rounds: rounds)
                    if json {
                        try printJSON(Line(result))
                    } else {
                        print(
                            String(
                                format: "%d × %d tokens: %.0f tokens/s, %.0f a processor second, "
                                    + "products at %.0f %% of the library's rate", batch.sequences, batch.tokens,
                                result.tokensPerSecond,
                                result.tokensPerProcessorSecond, 100 * result.productShare))
                    }
                }
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Line: Encodable {
            let tokens: Int
            let sequences: Int
            let tokens_per_second: Double
            let tokens_per_processor_second: Double
            let product_share: Double

            init(_ result: Qwen3Benchmark.Result) {
                tokens = result.batch.tokens
                sequences = result.batch.sequences
                tokens_per_second = result.tokensPerSecond
                tokens_per_processor_second = result.tokensPerProcessorSecond
                product_share = result.productShare
            }
        }
    }
}
