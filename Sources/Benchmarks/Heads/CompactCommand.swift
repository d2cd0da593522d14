import ArgumentParser
import CommandSupport
import Foundation
import Heads
import Models
import ModelFiles
import Scoring

/// `statezero-bench compact`.
struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "compact",
        "Measures the heads of embeddings on one core: milliseconds per context and per query, without the encoder.",
        example: "statezero-bench compact --rows 256 --references 3 --pool 800 --queries 1024")

    @Option(range: .within(0...ContextSet.rowsMax), help: "Rows of the context.")
    var rows = CompactHeadBenchmark().contextRows

    @Option(help: "Which head: compact or gaussian-process.")
    var head = HeadKind.compact

    @Option(range: .within(0...SideSchema.referencesMax), help: "Other policies with an outcome on every prompt.")
    var references = CompactHeadBenchmark().references

    @Option(range: .within(1...ContextSet.poolRowsMax), help: "Prompts of the pool, where there are references.")
    var pool = CompactHeadBenchmark().poolRows

    @Flag(help: "Give each prompt a number, a category and a vector of 384 columns.")
    var covariates = false

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
        (benchmark.references, benchmark.poolRows, benchmark.hasCovariates) = (references, pool, covariates)
        let result =
            switch head {
            case .compact:
                try benchmark.run(CompactHead(weights: SafetensorsFile(path: weights ?? CompactHeadFile.find())))
            case .gaussianProcess: try benchmark.run(GaussianProcessHead())
            }
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
