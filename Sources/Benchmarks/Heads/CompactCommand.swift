import ArgumentParser
import CommandSupport
import Foundation
import Heads
import ModelFiles
import Scoring

/// `statezero-bench compact`.
struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "compact",
        "Measures the compact head on one core: milliseconds per context and per query, without the encoder.",
        example: "statezero-bench compact --rows 256 --queries 1024")

    @Option(range: .within(0...ContextSet.rowsMax), help: "Rows of the context.")
    var rows = CompactHeadBenchmark().contextRows

    @Option(range: .atLeast(1), help: "Queries of the large call.")
    var queries = CompactHeadBenchmark().queries

    @Option(range: .atLeast(1), help: "Measured rounds; the median is reported.")
    var rounds = CompactHeadBenchmark().rounds

    @Option(help: "Weights file of the head. Default: the file shipped with the program.")
    var weights: String?

    @OptionGroup var report: ReportOptions

    func run() throws {
        var benchmark = CompactHeadBenchmark()
        (benchmark.contextRows, benchmark.queries, benchmark.rounds) = (rows, queries, rounds)
        let file = try SafetensorsFile(path: weights ?? CompactHeadFile.find())
        let result = try benchmark.run(CompactHead(weights: file))
        try report.show(result) {
            String(
                format: "%d rows: %.2f ms to prepare (%.2f ms of processor time, slowest %.2f ms); %.4f ms per query "
                    + "(%.4f ms of processor time) in a call of %d, %.3f ms for a single query; median of %d",
                rows, result.prepareSeconds * 1e3, result.prepareProcessorSeconds * 1e3,
                result.prepareSecondsMax * 1e3, result.querySeconds * 1e3, result.queryProcessorSeconds * 1e3,
                queries, result.loneQuerySeconds * 1e3, rounds)
        }
    }
}
