import ArgumentParser
import Encoders
import Foundation
import Models

extension Benchmark {
    /// `statezero bench encoder`.
    struct Encoder: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "encoder", abstract: "Tokens a second of the sentence encoder, on two shapes of batch.",
            discussion: "scripts/benchmarks/run puts its peers beside it in one run.")

        @OptionGroup var model: ModelChoice

        @Option(help: "Threads.")
        var threads = 1

        @Option(help: "Measured rounds; the median counts.")
        var rounds = 5

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() throws {
            do {
                let encoder = try BertEncoder(
                    folder: try SentenceTransformerFolder(path: model.name), threads: threads, precision: model.precision)
                for (shape, lengths) in [("128x32", EncoderWorkload.uniform), ("mixed", EncoderWorkload.mixed)] {
                    let result = try EncoderBenchmark(lengths: lengths, rounds: rounds).run(encoder)
                    if json {
                        try printJSON(Line(shape, result))
                    } else {
                        print(
                            String(
                                format: "%@: %.0f tokens/s, %.0f tokens a processor second (%d tokens, median of %d)",
                                shape, result.tokensPerSecond, result.tokensPerProcessorSecond, result.tokens, rounds))
                    }
                }
            } catch {
                throw CommandFailure(error)
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
}
