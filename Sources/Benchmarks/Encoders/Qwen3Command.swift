import ArgumentParser
import CommandSupport
import Foundation
import Encoders
import Kernels

/// `statezero-bench qwen3`.
struct Qwen3Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        "qwen3", "Measures tokens per second of a Qwen3 encoder, for one sequence and for batches of eight.",
        example: "statezero-bench qwen3 Tests/Goldens/qwen/plain --rounds 2",
        details: "scripts/benchmarks/qwen_peer.py measures Hugging Face transformers in the same run.",
        aliases: ["qwen"])

    @Argument(help: "Encoder folder in Hugging Face layout: config.json and safetensors files.")
    var folder: String

    @Option(range: .atLeast(1), help: "Threads of the encoder.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Arithmetic of the encoder.")
    var precision = Precision.float32

    @Option(range: .atLeast(0), help: "Measured rounds; the median is reported. 0 measures nothing.")
    var rounds = 5

    @Option(help: "Safetensors file with `ids` and `starts`: sequences whose states are written to --states.")
    var ids: String?

    @Option(help: "File for the states of --ids, as raw little-endian float32.")
    var states: String?

    @OptionGroup var report: ReportOptions

    func validate() throws {
        if (ids == nil) != (states == nil) { throw ValidationError("--ids and --states are given together") }
    }

    func run() throws {
        let encoder = try Qwen3Encoder(folder: Qwen3Folder(path: folder), threads: threads, precision: precision)
        let benchmark = Qwen3Benchmark(encoder)
        if let ids, let states { try benchmark.writeStates(ofIdsIn: ids, to: states) }
        for batch in rounds > 0 ? Qwen3Benchmark.batches : [] {
            let result = try benchmark.run(batch, rounds: rounds)
            try report.show(Line(result)) {
                String(
                    format: "%d × %d tokens: %.0f tokens/s, %.0f per processor second, "
                        + "matrix products at %.0f %% of oneDNN's rate", batch.sequences, batch.tokens,
                    result.tokensPerSecond, result.tokensPerProcessorSecond, 100 * result.productShare)
            }
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
