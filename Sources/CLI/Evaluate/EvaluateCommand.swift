import ArgumentParser
import CommandSupport
import Corpora
import Evaluation
import Models
import ReferenceDraws
import Scoring

/// `statezero evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        "evaluate",
        "Measures how well heads predict policies from a small history of each, and compares them with baselines.",
        example: """
            statezero evaluate --prompts scripts/sample/data/sample.prompts.jsonl.gz \\
                --outcomes scripts/sample/data/sample.outcomes.jsonl.gz --seeds 1
            """,
        details: """
            Outcomes and prompts are joined by prompt_id. Rows with role `context` are a policy's history, rows with \
            role `query` are predicted; without roles, half of a policy's prompts are used for each.

            The first table shows the first head at the largest context; if the encoder counts tokens, a second table \
            shows how it reads the prompts. With several heads, sizes or --references, or with --baselines or --known, \
            more tables compare all of them with the baselines and the oracle, on the same draws. --json always has all.

            A standard error is √(policies² + draws²): over policy versions, and over the draws of context rows. A draw \
            of the same rows as an earlier one, where a policy has no more, counts once.

            With --training, query prompts that the prompt files of the training contain are left out and counted: those \
            with the same letters and digits, or with more than 40 % of their 8-word sequences in one training prompt. \
            --check-leaks evaluates nothing; it names these prompts and ends with exit code 3 if there are any. A head's \
            own file names its training sources, but has no prompts.
            """)

    @OptionGroup(title: "Files") var files: OutcomeFiles

    @Option(range: .atLeast(1), help: "Context rows of each policy version. Several sizes use the same draws.")
    var contextSize = [256]

    @Option(range: .atLeast(1), help: "Independent draws of the context rows.")
    var seeds = 3

    @Flag(help: "Show baselines and oracle for a single head too.")
    var baselines = false

    @Option(
        range: .atLeast(1),
        help: "Most policy versions of each source, chosen by a hash of their names. References are drawn from all.")
    var policies: Int?

    @Option(
        parsing: .upToNextOption,
        help: "Sources that training knew; their means are shown apart. Default: those that a head's file names.")
    var known: [String] = []

    @OptionGroup(title: "References") var references: ReferenceArmOptions
    @OptionGroup(title: "Leaks") var leaks: LeakOptions
    @OptionGroup(title: "Budgets") var budgets: BudgetStudyOptions
    @OptionGroup(title: "Heads") var heads: HeadOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup var threads: EncoderThreads
    @OptionGroup var report: ReportOptions

    func run() throws {
        let loaded = try files.load(keys)
        if leaks.checkLeaks { return try leaks.run(try loaded.sources.map(Self.source), keys, report) }
        let (sources, leftOut) = try leaks.unseen(try loaded.sources.map(Self.source), keys)
        let range = try budgets.range
        let models = try heads.load(model, threads: threads.threads)
        let options = try EvaluationOptions(
            contextSizes: contextSize, seeds: seeds, embeddingColumns: models.embeddingColumns, budget: range,
            references: .init(
                arms: references.arms, coverage: references.referenceCoverage,
                files: try references.bank(prompts: files.prompts, keys: keys)),
            known: try knownSources(models), policiesMax: policies)
        let line = ProgressLine()
        let result: EvaluationReport
        do {
            result = try Evaluator(heads: models.heads, options: options).evaluate(sources) { progress in
                line.show(
                    done: progress.embedded, of: progress.texts, unit: "texts embedded",
                    detail: "\(progress.predicted)/\(progress.contexts) contexts predicted")
            }
        } catch {
            // Keeps the embeddings, which cost most of the time, also when a head fails afterwards.
            try? models.kept?.save()
            throw error
        }
        line.end()
        try models.kept?.save()
        try report.show(Output(report: result, leftOut: leftOut)) {
            let tables = text(result, compared: models.heads.count * references.arms.count)
            return ([tables] + LeakOptions.lines(leftOut)).joined(separator: "\n")
        }
        if loaded.rejected > 0 { throw ExitStatus.finishedWithErrorRows }
    }

    /// A report, and the counts of the query prompts that were left out of it.
    private struct Output: Encodable {
        let report: EvaluationReport
        let leftOut: [LeakCheck.Source]

        enum CodingKeys: String, CodingKey {
            case leftOut = "left_out_as_seen"
        }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(leftOut, forKey: .leftOut)
        }
    }

    private func text(_ report: EvaluationReport, compared: Int) -> String {
        var tables = ["\(EvaluationTable(report))"]
        let comparison = report.comparison
        if !report.reading.isEmpty { tables.append("\(ReadingTable(report.reading))") }
        if compared > 1 || comparison.sizes.count > 1 || baselines || !known.isEmpty {
            if let known = comparison.known {
                let names = known.sources.joined(separator: ", ")
                tables.append("known to training, stated by \(known.statedBy): \(names)")
            }
            tables.append("\(ComparisonTable(comparison))")
        }
        if budgets.budgets {
            let hasRates = !comparison.budgets.isEmpty
            tables.append(hasRates ? "\(BudgetTable(comparison))" : "no source has rates, so no budgets are planned")
        }
        return tables.joined(separator: "\n\n")
    }

    /// What `--known` names, else what the heads' files name.
    private func knownSources(_ models: HeadOptions.Loaded) throws -> EvaluationOptions.KnownSources? {
        let named = known.flatMap { $0.split(separator: ",").map(String.init) }
        if !named.isEmpty { return .init(sources: named, statedBy: "--known") }
        return models.trainingSources.map { .init(sources: $0.sources, statedBy: $0.head) }
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

/// Plans made from the predictions of `evaluate`.
struct BudgetStudyOptions: ParsableArguments {
    @Flag(help: "Also plan rollouts with each head's predictions and show what the plans realise.")
    var budgets = false

    @Option(range: .atLeast(1), help: "Mean rollouts per prompt.")
    var mean = 8

    @Option(range: .atLeast(0), help: "Smallest budget of a prompt.")
    var min = 4

    @Option(range: .atLeast(1), help: "Largest budget of a prompt.")
    var max = 32

    /// `nil` without `--budgets`.
    var range: EvaluationOptions.BudgetRange? {
        get throws { try budgets ? EvaluationOptions.BudgetRange(mean: mean, minimum: min, maximum: max) : nil }
    }
}
