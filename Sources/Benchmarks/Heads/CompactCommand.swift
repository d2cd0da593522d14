import ArgumentParser
import Foundation
import Inference
import Scoring

extension Benchmark {
    /// `statezero bench compact`.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compact",
            abstract: "Milliseconds of the compact head for a context and for a query, from features, on one core.")

        @Option(help: "Rows of the context.")
        var rows = CompactHeadBenchmark().contextRows

        @Option(help: "Queries of the large call.")
        var queries = CompactHeadBenchmark().queries

        @Option(help: "Measured rounds; the median counts.")
        var rounds = CompactHeadBenchmark().rounds

        @Option(help: "The head's weights; default: those that come with the program.")
        var weights: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if !(0...ContextSet.rowsMax).contains(rows) {
                throw ValidationError("--rows \(rows): 0 to \(ContextSet.rowsMax)")
            }
            if queries < 1 { throw ValidationError("--queries \(queries): at least 1") }
            if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
        }

        func run() throws {
            do {
                var benchmark = CompactHeadBenchmark()
                (benchmark.contextRows, benchmark.queries, benchmark.rounds) = (rows, queries, rounds)
                let file = try SafetensorsFile(path: weights ?? CompactHeadFile.find())
                let result = try benchmark.run(CompactHead(weights: file))
                if json { return try printJSON(result) }
                print(
                    String(
                        format: "%d rows: %.2f ms to prepare (%.2f ms of processor, slowest %.2f ms); a query %.4f ms "
                            + "(%.4f ms of processor) among %d, %.3f ms alone; median of %d",
                        rows, result.prepareSeconds * 1e3, result.prepareProcessorSeconds * 1e3,
                        result.prepareSecondsMax * 1e3, result.querySeconds * 1e3, result.queryProcessorSeconds * 1e3,
                        queries, result.loneQuerySeconds * 1e3, rounds))
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}
