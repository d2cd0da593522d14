import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Inference
import Scoring

/// `statezero evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how well a model predicts policies from a small record of each, with baselines beside it.",
        discussion: """
            Outcome files are joined with prompt files by prompt_id. Rows with role `context` profile a policy and rows \
            with role `query` are predicted; without roles, half of a policy's prompts are for each.
            """)

    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(parsing: .upToNextOption, help: "Outcome files, one source each.")
    var outcomes: [String]

    @Option(help: "Context rows drawn for each policy version.")
    var contextSize = 256

    @Option(help: "Independent draws of the context rows.")
    var seeds = 3

    @OptionGroup var model: ModelChoice

    @Option(help: "Threads of the encoder.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @OptionGroup var keys: KeyOptions

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func run() throws {
        do {
            let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys.keys)
            for problem in loaded.problems.prefix(20) { printError("\(problem)") }
            if loaded.rejected > 0 { printError("\(loaded.rejected) rows cannot be used") }
            let model = try model.make(threads: threads)
            let options = try EvaluationOptions(
                contextRows: contextSize, seeds: seeds,
                embeddingColumns: (model as? EmbeddingValueModel)?.embeddingColumns)
            let line = ProgressLine()
            let report = try Evaluator(model: model, options: options).evaluate(
                try loaded.sources.map(Self.source)
            ) { progress in
                line.show(
                    done: progress.embedded, of: progress.texts, unit: "texts embedded",
                    detail: "\(progress.predicted)/\(progress.contexts) contexts predicted")
            }
            line.end()
            if json { try printJSON(report) } else { print("\(EvaluationTable(report))") }
            if loaded.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
        } catch let status as ExitStatus {
            throw status
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func source(_ source: OutcomeSource) throws -> EvaluationSource {
        var prompts: [String: String] = [:]
        for prompt in source.prompts { prompts[prompt.id] = prompt.text }
        let rows = source.groups.flatMap { group in
            group.rows.map { row in
                EvaluationSource.Row(
                    policy: group.policy, promptID: source.prompts[row.prompt].id, outcome: row.outcome,
                    role: row.role.map { $0 == .context ? .context : .query })
            }
        }
        return try EvaluationSource(name: source.name, prompts: prompts, rows: rows)
    }
}
