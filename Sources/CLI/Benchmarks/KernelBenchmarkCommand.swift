import ArgumentParser
import Encoders
import Foundation
import Kernels
import Models

extension Benchmark {
    /// `statezero bench kernels`.
    struct KernelRates: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "kernels",
            abstract: "The encoder's matrix products beside oneDNN alone, and the encoder beside its products.",
            discussion: "One thread, best rounds. `ours` has the block's scales, bias and activation in it.")

        @Option(help: "Model folder; default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.")
        var model: String?

        @Option(parsing: .upToNextOption, help: "Arithmetics: float32, bfloat16, int8.")
        var precisions = Precision.allCases

        @Option(help: "Rounds; the best counts.")
        var rounds = 20

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func validate() throws {
            if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
        }

        func run() throws {
            let choice = try ModelChoice.parse(model.map { ["--model", $0] } ?? [])
            do {
                let folder = try SentenceTransformerFolder(path: choice.name)
                for precision in precisions {
                    let result = try ProductBenchmark(rounds: rounds).run(folder, precision: precision)
                    try show(result, precision)
                }
            } catch {
                throw CommandFailure(error)
            }
        }

        private func show(_ result: ProductBenchmark.Result, _ precision: Precision) throws {
            if json {
                for row in result.rows {
                    try printJSON(
                        Line(
                            precision: precision.rawValue, what: row.name, inputs: row.inputs, outputs: row.outputs,
                            gflops: row.ours, onednn_gflops: row.library))
                }
                return try printJSON(
                    Line(
                        precision: precision.rawValue, what: "encoder", inputs: nil, outputs: nil,
                        gflops: result.encoder, onednn_gflops: result.library))
            }
            print("\(precision.rawValue): \(result.numerics)")
            for row in result.rows {
                print(text("\(row.name) \(row.inputs) x \(row.outputs)", row.ours, row.library))
            }
            print(text("whole encoder, 32 x 128 tokens", result.encoder, result.library))
        }

        private func text(_ what: String, _ ours: Double, _ library: Double?) -> String {
            let name = what.padding(toLength: 40, withPad: " ", startingAt: 0)
            guard let library else {
                return "  \(name)" + String(format: "%7.1f GFLOP/s, oneDNN does not compute it", ours)
            }
            return "  \(name)" + String(format: "%7.1f of oneDNN's %7.1f GFLOP/s: %.2f", ours, library, ours / library)
        }

        private struct Line: Encodable {
            let precision: String
            let what: String
            let inputs: Int?
            let outputs: Int?
            let gflops: Double
            let onednn_gflops: Double?
        }
    }
}
