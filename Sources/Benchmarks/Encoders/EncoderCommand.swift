import ArgumentParser
import CommandSupport
import Foundation
import Encoders

/// `statezero-bench encoder`.
struct EncoderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "encoder",
        "Measures tokens per second of the sentence encoder on two batches: 32 × 128 tokens and mixed lengths.",
        example: "statezero-bench encoder --threads 1 --precision int8",
        details: "scripts/benchmarks/encoder_peer.py measures other encoders in the same run.")

    @Option(range: .atLeast(1), help: "Threads of the encoder.")
    var threads = 1

    @OptionGroup var rounds: RoundOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let encoder = try BertEncoder(
            folder: try SentenceTransformerFolder(path: model.name), threads: threads, precision: model.precision)
        for (shape, lengths) in [("128x32", EncoderSample.uniform), ("mixed", EncoderSample.mixed)] {
            let result = try EncoderBenchmark(lengths: lengths, rounds: rounds.rounds).run(encoder)
            try report.show(Line(shape, result)) {
                String(
                    format: "%@: %.0f tokens/s, %.0f tokens per processor second (%d tokens, median of %d)", shape,
                    result.tokensPerSecond, result.tokensPerProcessorSecond, result.tokens, rounds.rounds)
            }
        }
    }

    private struct Line: Encodable {
        let shape: String
        let tokens_per_second: Double
        let tokens_per_processor_second: Double

        init(_ shape: String, _ result: EncoderBenchmark.Result) {
            self.shape = shape
            tokens_per_second = result.tokensPerSecond
            tokens_per_processor_second = result.tokensPerProcessorSecond
        }
    }
}
