import ArgumentParser
import ClientNode
import CommandSupport
import Scoring
import Foundation

/// `statezero-bench rescore`.
struct RescoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "rescore", "Measures scoring a corpus again for the next policy version, compared with the first time.",
        example: """
            statezero-bench rescore --prompts scripts/sample/data/queries.jsonl.gz \\
                --context scripts/sample/data/context.three-shot-t0.8.jsonl.gz
            """,
        details: """
            Measures twice: with processes started for each run, as `statezero score` does, and with a running cluster. \
            Every round starts with an empty feature store. The second version's history is --next-context; without it, \
            another sample of the same history, of which some rows are new.
            """)

    @OptionGroup(title: "Input") var input: RescoreInput

    @Option(range: .atLeast(1), help: "Worker processes. Default: one per core.")
    var workers: Int?

    @Option(range: .atLeast(1), help: "Measured rounds; the median is reported.")
    var rounds = 1

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        try model.check()
        var (fresh, standing): ([RunPair], [RunPair]) = ([], [])
        for round in 0..<rounds {
            let folder = try BenchmarkFolder()
            printError("round \(round + 1) of \(rounds)")
            fresh.append(try runFresh(folder))
            standing.append(try runStanding(folder))
        }
        let lines = [RescoreTimes("fresh processes", fresh), RescoreTimes("running cluster", standing)]
        try report.show(lines) { lines.map { $0.text(rounds: rounds) }.joined(separator: "\n") }
    }

    private func runFresh(_ folder: BenchmarkFolder) throws -> RunPair {
        let common =
            ["--store", "\(folder.path)/fresh", "--workers", "\(workerCount)", "--threads", "1"] + model.arguments
        return RunPair(
            first: try MeasuredScore(input.first + common, output: "\(folder.path)/first").end,
            second: try MeasuredScore(input.second + common, output: "\(folder.path)/second").end)
    }

    private func runStanding(_ folder: BenchmarkFolder) throws -> RunPair {
        let cluster = try LocalCluster(
            LocalCluster.Configuration(
                program: try OwnProgram.statezero, workers: workerCount, threadsPerWorker: 1,
                model: model.arguments + ["--store", "\(folder.path)/standing"],
                journal: "\(folder.path)/journal.sqlite", logLevel: "warning"), logger: LogOptions.quiet)
        defer { cluster.stop() }
        let common = ["--coordinator", cluster.endpoint]
        // All workers must have joined and be warm before the first version.
        let warmUp = ["--prompts", try folder.prompts(1), "--context", try folder.history(16)]
        for _ in 0..<3 { _ = try MeasuredScore(warmUp + common, output: "\(folder.path)/warm") }
        return RunPair(
            first: try MeasuredScore(input.first + common, output: "\(folder.path)/first-standing").end,
            second: try MeasuredScore(input.second + common, output: "\(folder.path)/second-standing").end)
    }

    private var workerCount: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }
}

/// The corpus and the two histories of `rescore`.
struct RescoreInput: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(parsing: .upToNextOption, help: "History files of the first policy version.")
    var context: [String]

    @Option(parsing: .upToNextOption, help: "History files of the second policy version.")
    var nextContext: [String] = []

    @Option(help: "Policy in the history, as ID or ID@VERSION.")
    var policy: String?

    @Option(help: "Policy in the second history. Default: the same.")
    var nextPolicy: String?

    @Option(range: .atLeast(1), help: "Rows of the context.")
    var contextSize = 256

    /// Arguments of `score` for the first version.
    var first: [String] {
        ["--prompts"] + prompts + ["--context"] + context + ["--context-size", "\(contextSize)"]
            + (policy.map { ["--policy", $0] } ?? [])
    }

    /// Arguments of `score` for the second version.
    var second: [String] {
        ["--prompts"] + prompts + ["--context"] + (nextContext.isEmpty ? context : nextContext)
            + ["--context-size", "\(contextSize)", "--context-seed", nextContext.isEmpty ? "1" : "0"]
            + ((nextPolicy ?? policy).map { ["--policy", $0] } ?? [])
    }
}

/// Seconds of the first version's run and of the second's.
private struct RunPair {
    let first: Double
    let second: Double
}

/// Medians over rounds.
private struct RescoreTimes: Encodable {
    let processes: String
    let first_seconds: Double
    let second_seconds: Double
    let ratio: Double

    init(_ processes: String, _ pairs: [RunPair]) {
        self.processes = processes
        first_seconds = Median.of(pairs.map(\.first))
        second_seconds = Median.of(pairs.map(\.second))
        ratio = Median.of(pairs.map { $0.second / $0.first })
    }

    func text(rounds: Int) -> String {
        "\(processes): "
            + String(
                format: "first version %.2f s, second %.3f s, %.2f %% of the first (median of %d)", first_seconds,
                second_seconds, 100 * ratio, rounds)
    }
}
