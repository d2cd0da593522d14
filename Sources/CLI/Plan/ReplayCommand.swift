import ArgumentParser
import CommandSupport
import Corpora
import Models
import ReferenceDraws
import Replaying

/// `statezero replay`.
struct ReplayOutcomes: ParsableCommand {
    static let configuration = CommandConfiguration(
        "replay", "Replays logged training steps: compares the value of plans with uniform groups and other methods.",
        example: """
            statezero replay --prompts scripts/sample/data/sample.prompts.jsonl.gz \\
                --outcomes scripts/sample/data/sample.outcomes.jsonl.gz --seeds 1
            """,
        details: """
            Outcomes and prompts are joined by prompt_id; files with the same stem are one source. Where prompts are \
            visited at least three times on average, policy versions are replayed in order: each step is planned from \
            earlier outcomes and judged by the outcomes of that visit and the next --pool visits. Otherwise rows with \
            role `context` are known and rows with role `query` are predicted.

            Compares, on the same random draws: uniform groups; DAPO's filter, which pays for discarded groups; V0's \
            greedy; Knapsack RL's objective; planning on means only; this planner; and an oracle that knows the outcomes. \
            With --references the model is given outcomes of other policies on the same prompts, or of earlier steps.

            With --truth urn the oracle knows the logged counts, so shares of its gain are understated.
            """)

    @OptionGroup(title: "Files") var files: OutcomeFiles
    @OptionGroup(title: "Budgets") var budgets: ReplayBudgets
    @OptionGroup(title: "Steps") var steps: ReplaySteps
    @OptionGroup(title: "References") var references: ReferenceArmOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Model") var embeddings: EmbeddingsOptions
    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var threads: EncoderThreads

    @Option(help: "SVG file for a plot.")
    var plot: String?

    @OptionGroup var report: ReportOptions

    func validate() throws {
        if references.arms.count > 1 {
            throw ValidationError("--references: one kind at a time in a replay; run the command once for each")
        }
    }

    func run() throws {
        let loaded = try files.load(keys)
        let line = ProgressLine()
        var options = ReplayOptions(budgets, steps)
        options.references = references.arms[0]
        options.referenceCoverage = references.referenceCoverage
        let (loadedModel, kept) = try embeddings.load(model, threads: threads.threads)
        let study = try ReplayStudy(
            model: loadedModel.model, options: options,
            referenceFiles: references.bank(prompts: files.prompts, keys: keys)
        ).run(try loaded.sources.map(Self.log)) { progress in
            line.show(
                done: progress.embedded, of: progress.texts, unit: "texts embedded",
                detail: "\(progress.replayed)/\(progress.versions) versions replayed")
        }
        line.end()
        try kept?.save()
        try report.show(Output(report: study)) { "\(ReplayTable(study))" }
        if let plot { try writeFile(ReplayPlot(study).svg, to: plot) }
        if loaded.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
    }

    private static func log(_ source: OutcomeSource) throws -> ReplayLog {
        let rows = source.groups.flatMap { group in
            group.rows.map { row in
                ReplayLog.Row(
                    policy: group.policy, prompt: row.prompt, outcome: row.outcome,
                    role: row.role.map { $0 == .context ? .context : .query },
                    responseTokens: row.expense.responseTokens, cost: row.expense.cost)
            }
        }
        return try ReplayLog(name: source.name, prompts: source.prompts, rows: rows)
    }

    private struct Output: Encodable {
        let report: ReplayReport

        enum CodingKeys: String, CodingKey {
            case verdicts
        }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(report.verdicts, forKey: .verdicts)
        }
    }
}
