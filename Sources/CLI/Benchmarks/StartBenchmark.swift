import ArgumentParser
import Foundation
import Scoring

extension Benchmark {
    /// `statezero bench start`.
    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract: "Seconds from the start of `statezero score` to its first result, and to its end.",
            discussion: """
                Processes, model, context and all: what a user waits for. Every round runs twice, with an empty feature \
                store and with what the first run left in it. Without --prompts and --context, rows are made here.
                """)

        @OptionGroup var model: ModelChoice

        @Option(parsing: .upToNextOption, help: "Prompt files.")
        var prompts: [String] = []

        @Option(parsing: .upToNextOption, help: "The policy's record.")
        var context: [String] = []

        @Option(help: "Prompts that are made.")
        var rows = 64

        @Option(help: "Context rows.")
        var contextSize = 16

        @Option(help: "Measured rounds, after one that is not; the median counts.")
        var rounds = 7

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if prompts.isEmpty != context.isEmpty { throw ValidationError("--prompts and --context go together") }
            if rows < 1 || contextSize < 1 || rounds < 1 {
                throw ValidationError("--rows, --context-size and --rounds: at least 1")
            }
        }

        func run() throws {
            do {
                try model.check()
                let folder = try BenchmarkFolder()
                let files = prompts.isEmpty ? [try folder.prompts(rows)] : prompts
                let record = context.isEmpty ? [try folder.record(contextSize)] : context
                let arguments =
                    ["--prompts"] + files + ["--context"] + record + ["--context-size", "\(contextSize)"]
                    + model.arguments
                var (cold, warm): ([MeasuredScore], [MeasuredScore]) = ([], [])
                for round in 0...rounds {
                    let store = ["--store", "\(folder.path)/store-\(round)"]
                    let first = try MeasuredScore(arguments + store, output: "\(folder.path)/out")
                    folder.remove("out")
                    let second = try MeasuredScore(arguments + store, output: "\(folder.path)/out")
                    folder.remove("out")
                    folder.remove("store-\(round)")
                    if round > 0 {
                        cold.append(first)
                        warm.append(second)
                    }
                }
                let lines = [Line("empty", cold), Line("filled", warm)]
                if json { return try printJSON(lines) }
                for line in lines {
                    print(
                        String(
                            format:
                                "store %@: %.3f s to the first result, %.3f s to the end (median of %d; first result "
                                + "%.3f … %.3f)", line.store, line.first_result_seconds, line.end_seconds, rounds,
                            line.first_result_seconds_min, line.first_result_seconds_max))
                }
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private struct Line: Encodable {
            let store: String
            let first_result_seconds: Double
            let first_result_seconds_min: Double
            let first_result_seconds_max: Double
            let end_seconds: Double

            init(_ store: String, _ runs: [MeasuredScore]) {
                self.store = store
                first_result_seconds = Median.of(runs.map(\.firstPart))
                first_result_seconds_min = runs.map(\.firstPart).min() ?? 0
                first_result_seconds_max = runs.map(\.firstPart).max() ?? 0
                end_seconds = Median.of(runs.map(\.end))
            }
        }
    }
}
