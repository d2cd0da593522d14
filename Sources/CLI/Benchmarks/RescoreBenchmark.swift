import ArgumentParser
import ClientNode
import Foundation
import Scoring

extension Benchmark {
    /// `statezero bench rescore`.
    struct Rescore: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rescore",
            abstract: "What it costs to score a corpus again for another policy version, beside the first time.",
            discussion: """
                Once with processes that are started for each run, as `score` does alone, and once with a cluster that \
                stands. Every round begins with an empty feature store. The second version's record is --next-context; \
                without it another sample of the same record, whose rows are partly new.
                """)

        @OptionGroup var model: ModelChoice

        @Option(parsing: .upToNextOption, help: "Prompt files.")
        var prompts: [String]

        @Option(parsing: .upToNextOption, help: "The first version's record.")
        var context: [String]

        @Option(parsing: .upToNextOption, help: "The second version's record.")
        var nextContext: [String] = []

        @Option(help: "Policy of the record, and of the next one.")
        var policy: String?

        @Option(help: "Policy of the next record, if another.")
        var nextPolicy: String?

        @Option(help: "Context rows.")
        var contextSize = 256

        @Option(help: "Worker processes; default: cores.")
        var workers: Int?

        @Option(help: "Rounds; the median counts.")
        var rounds = 1

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if prompts.isEmpty || context.isEmpty { throw ValidationError("--prompts and --context are needed") }
            if rounds < 1 { throw ValidationError("--rounds \(rounds): at least 1") }
            if let workers, workers < 1 { throw ValidationError("--workers \(workers): at least 1") }
        }

        func run() throws {
            do {
                try model.check()
                var (fresh, standing): ([Pair], [Pair]) = ([], [])
                for round in 0..<rounds {
                    let folder = try BenchmarkFolder()
                    printError("round \(round + 1) of \(rounds)")
                    fresh.append(try runFresh(folder))
                    standing.append(try runStanding(folder))
                }
                let lines = [Line("fresh processes", fresh), Line("standing cluster", standing)]
                if json { return try printJSON(lines) }
                for line in lines {
                    print(
                        String(
                            format: "%@: first version %.2f s, second %.3f s, %.2f %% of the first (median of %d)",
                            line.processes, line.first_seconds, line.second_seconds, 100 * line.ratio, rounds))
                }
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        /// Seconds of the first version's run and of the second's.
        private struct Pair {
            let first: Double
            let second: Double
        }

        private func runFresh(_ folder: BenchmarkFolder) throws -> Pair {
            let own =
                ["--store", "\(folder.path)/fresh", "--workers", "\(workerCount)", "--threads", "1"] + model.arguments
            return Pair(
                first: try MeasuredScore(first + own, output: "\(folder.path)/first").end,
                second: try MeasuredScore(second + own, output: "\(folder.path)/second").end)
        }

        private func runStanding(_ folder: BenchmarkFolder) throws -> Pair {
            let cluster = try LocalCluster(
                LocalCluster.Configuration(
                    program: OwnProgram.path, workers: workerCount, threadsPerWorker: 1,
                    model: model.arguments + ["--store", "\(folder.path)/standing"],
                    journal: "\(folder.path)/journal.sqlite", logLevel: "warning"), logger: LogOptions.quiet)
            defer { cluster.stop() }
            let own = ["--coordinator", cluster.endpoint]
            // Every worker is there and warm when the first version comes.
            let warming = ["--prompts", try folder.prompts(1), "--context", try folder.record(16)]
            for _ in 0..<3 { _ = try MeasuredScore(warming + own, output: "\(folder.path)/warm") }
            return Pair(
                first: try MeasuredScore(first + own, output: "\(folder.path)/first-standing").end,
                second: try MeasuredScore(second + own, output: "\(folder.path)/second-standing").end)
        }

        private var workerCount: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }

        private var first: [String] {
            ["--prompts"] + prompts + ["--context"] + context + ["--context-size", "\(contextSize)"]
                + (policy.map { ["--policy", $0] } ?? [])
        }

        private var second: [String] {
            ["--prompts"] + prompts + ["--context"] + (nextContext.isEmpty ? context : nextContext)
                + ["--context-size", "\(contextSize)", "--context-seed", nextContext.isEmpty ? "1" : "0"]
                + ((nextPolicy ?? policy).map { ["--policy", $0] } ?? [])
        }

        private struct Line: Encodable {
            let processes: String
            let first_seconds: Double
            let second_seconds: Double
            let ratio: Double

            init(_ processes: String, _ pairs: [Pair]) {
                self.processes = processes
                first_seconds = Median.of(pairs.map(\.first))
                second_seconds = Median.of(pairs.map(\.second))
                ratio = Median.of(pairs.map { $0.second / $0.first })
            }
        }
    }
}
