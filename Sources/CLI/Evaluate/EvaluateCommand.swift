import ArgumentParser
import CommandSupport
import Corpora
import Evaluation
import Foundation
import Models
import Scoring

/// `statezero evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how well heads predict policies from a small record of each, with baselines beside them.",
        discussion: """
            Outcome files are joined with prompt files by prompt_id. Rows with role `context` profile a policy and rows \
            with role `query` are predicted; without roles, half of a policy's prompts are for each.

            The first table is of the first head at the largest context. With several heads or sizes, or with \
            --baselines, a second one puts all of them, the baselines and the oracle side by side; --json always does.
            """)

    @Option(parsing: .upToNextOption, help: "Prompt files.")
    var prompts: [String]

    @Option(parsing: .upToNextOption, help: "Outcome files, one source each.")
    var outcomes: [String]

    @Option(
        parsing: .upToNextOption,
        help: "Context rows drawn for each policy version; several sizes are compared on the same draws.")
    var contextSize = [256]

    @Option(help: "Independent draws of the context rows.")
    var seeds = 3

    @OptionGroup var model: ModelOptions

    @OptionGroup var heads: HeadChoice

    @Flag(help: "Show the baselines and the oracle beside a single head too.")
    var baselines = false

    @Flag(help: "Plan rollouts on each head's beliefs and tell what they realise, where outcomes are rates.")
    var budgets = false

    @Option(help: "With --budgets: rollouts a prompt on average.")
    var mean = 8

    @Option(help: "With --budgets: fewest rollouts of a prompt.")
    var min = 4

    @Option(help: "With --budgets: most rollouts of a prompt.")
    var max = 32

    @Option(help: "Threads of the encoder.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @OptionGroup var keys: KeyOptions

    @Flag(help: "Print one JSON object instead of tables.")
    var json = false

    func run() throws {
        do {
            let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: outcomes, keys: keys.keys)
            for problem in loaded.problems.prefix(20) { printError("\(problem)") }
            if loaded.rejected > 0 { printError("\(loaded.rejected) rows cannot be used") }
            let range = try budgets ? EvaluationOptions.BudgetRange(mean: mean, minimum: min, maximum: max) : nil
            let made = try heads.make(of: model, threads: threads)
            let options = try EvaluationOptions(
                contextSizes: contextSize, seeds: seeds, embeddingColumns: made.embeddingColumns, budget: range)
            let line = ProgressLine()
            let report: EvaluationReport
            do {
                report = try Evaluator(heads: made.heads, options: options).evaluate(
                    try loaded.sources.map(Self.source)
                ) { progress in
                    line.show(
                        done: progress.embedded, of: progress.texts, unit: "texts embedded",
                        detail: "\(progress.predicted)/\(progress.contexts) contexts predicted")
                }
            } catch {
                // What was paid for is kept, whatever a head refused afterwards.
                try? made.kept?.save()
                throw error
            }
            line.end()
            try made.kept?.save()
            if json { try ReportOptions.printJSON(report) } else { show(report, heads: made.heads.count) }
            if loaded.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
        } catch let status as ExitStatus {
            throw status
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error)
        }
    }

    private func show(_ report: EvaluationReport, heads: Int) {
        print("\(EvaluationTable(report))")
        let comparison = report.comparison
        if heads > 1 || comparison.sizes.count > 1 || baselines { print("\n\(ComparisonTable(comparison))") }
        if budgets {
            print(comparison.budgets.isEmpty ? "\nno source has rates to plan for" : "\n\(BudgetTable(comparison))")
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
