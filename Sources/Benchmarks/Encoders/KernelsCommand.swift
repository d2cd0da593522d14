import ArgumentParser
import CommandSupport
import Foundation
import Encoders
import Kernels

/// `statezero-bench kernels`.
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "kernels", "Compares the encoder's matrix products with oneDNN alone, and the encoder with its products.",
        example: "statezero-bench kernels --precisions float32 int8",
        details: """
            Uses one thread and reports the best round. Our products include the block's scales, bias and activation; \
            oneDNN's do not.
            """)

    @Option(help: "Model folder. Default: $STATEZERO_MODEL, else models/all-MiniLM-L6-v2.")
    var model: String?

    @Option(parsing: .upToNextOption, help: "Arithmetics to measure: float32, bfloat16, int8. Default: all.")
    var precisions = Precision.allCases

    @Option(range: .atLeast(1), help: "Measured rounds; the best is reported.")
    var rounds = 20

    @OptionGroup var report: ReportOptions

    func run() throws {
        let folder = try SentenceTransformerFolder(path: try ModelOptions.choosing(model).name)
        for precision in precisions {
            try show(try ProductBenchmark(rounds: rounds).run(folder, precision: precision), precision)
        }
    }

    private func show(_ result: ProductBenchmark.Result, _ precision: Precision) throws {
        guard report.json else { return print(Self.text(result, precision)) }
        for row in result.rows {
            try ReportOptions.printJSON(
                Line(
                    precision: precision.rawValue, what: row.name, inputs: row.inputs, outputs: row.outputs,
                    gflops: row.ours, onednn_gflops: row.library))
        }
        try ReportOptions.printJSON(
            Line(
                precision: precision.rawValue, what: "encoder", inputs: nil, outputs: nil, gflops: result.encoder,
                onednn_gflops: result.library))
    }

    private static func text(_ result: ProductBenchmark.Result, _ precision: Precision) -> String {
        let rows = result.rows.map { line("\($0.name) \($0.inputs) x \($0.outputs)", $0.ours, $0.library) }
        let whole = line("whole encoder, 32 x 128 tokens", result.encoder, result.library)
        return (["\(precision.rawValue): \(result.numerics)"] + rows + [whole]).joined(separator: "\n")
    }

    private static func line(_ what: String, _ ours: Double, _ library: Double?) -> String {
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
