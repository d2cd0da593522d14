import ArgumentParser
import CommandSupport
import Scoring
import Foundation

/// `statezero-bench start`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "start", "Measures the time from the start of `statezero score` to its first result, and to its end.",
        example: "statezero-bench start --model table --rounds 2",
        details: """
            The time includes process start-up, loading the model and preparing the context. Every round runs twice: \
            with an empty feature store, and with the store of the first run. Without --prompts and --context, rows \
            are generated.
            """)

    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String] = []

    @Option(parsing: .upToNextOption, help: "History files of the policy.")
    var context: [String] = []

    @Option(range: .atLeast(1), help: "Generated prompts.")
    var rows = 64

    @Option(range: .atLeast(1), help: "Rows of the context.")
    var contextSize = 16

    @Option(range: .atLeast(1), help: "Measured rounds after one warm-up round; the median is reported.")
    var rounds = 7

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if prompts.isEmpty != context.isEmpty { throw ValidationError("--prompts and --context are given together") }
    }

    func run() throws {
        try model.check()
        let folder = try BenchmarkFolder()
        let files = prompts.isEmpty ? [try folder.prompts(rows)] : prompts
        let history = context.isEmpty ? [try folder.history(contextSize)] : context
        let arguments =
            ["--prompts"] + files + ["--context"] + history + ["--context-size", "\(contextSize)"] + model.arguments
        var (empty, filled): ([MeasuredScore], [MeasuredScore]) = ([], [])
        for round in 0...rounds {
            let store = ["--store", "\(folder.path)/store-\(round)"]
            let first = try MeasuredScore(arguments + store, output: "\(folder.path)/out")
            folder.remove("out")
            let second = try MeasuredScore(arguments + store, output: "\(folder.path)/out")
            folder.remove("out")
            folder.remove("store-\(round)")
            if round > 0 {
                empty.append(first)
                filled.append(second)
            }
        }
        let lines = [StartTimes("empty", empty), StartTimes("filled", filled)]
        try report.show(lines) { lines.map(\.text).joined(separator: "\n") }
    }
}

/// Start times with one state of the feature store.
private struct StartTimes: Encodable {
    let store: String
    let first_result_seconds: Double
    let first_result_seconds_min: Double
    let first_result_seconds_max: Double
    let end_seconds: Double
    private let rounds: Int

    private enum CodingKeys: CodingKey {
        case store, first_result_seconds, first_result_seconds_min, first_result_seconds_max, end_seconds
    }

    init(_ store: String, _ runs: [MeasuredScore]) {
        self.store = store
        rounds = runs.count
        first_result_seconds = Median.of(runs.map(\.firstPart))
        first_result_seconds_min = runs.map(\.firstPart).min() ?? 0
        first_result_seconds_max = runs.map(\.firstPart).max() ?? 0
        end_seconds = Median.of(runs.map(\.end))
    }

    var text: String {
        "store \(store): "
            + String(
                format: "%.3f s to the first result, %.3f s to the end (median of %d; first result %.3f … %.3f)",
                first_result_seconds, end_seconds, rounds, first_result_seconds_min, first_result_seconds_max)
    }
}
