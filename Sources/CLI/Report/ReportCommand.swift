import ArgumentParser
import CommandSupport
import Corpora
import Foundation

/// `statezero report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "report",
        "Shows how predictions are distributed over a corpus: by source, by length, and how many say nothing.",
        example: """
            statezero report out/scores --prompts scripts/sample/data/queries.jsonl.gz --rollouts 8 --html out/report.html
            """,
        details: """
            A group is silent if all its rollouts succeed or all fail, which is expected under each row's p and kappa. With \
            --prompts, the report is also by source and length, and counts repeated texts; give the same options for keys as \
            to score. \
            --near-duplicates 0.95 compares the encoder's embeddings, which are read from the feature store where score has \
            put them; --reading counts tokens. Exit code 3: rows without a score, or that cannot be read.
            """)

    @Argument(help: "Output folders of score, or files of score rows.")
    var scores: [String]

    @Option(parsing: .upToNextOption, help: "The files that were scored, for sources, lengths and repeated texts.")
    var prompts: [String] = []

    @Option(range: .within(1...4096), help: "Rollouts of a group.")
    var rollouts = 8

    @Option(help: "A p within this distance of 0 or 1 counts as near it.")
    var near = 0.05

    @Option(
        help: ArgumentHelp(
            "Also find prompts whose embedding has at least this cosine with that of an earlier one, such as 0.95.",
            valueName: "cosine"))
    var nearDuplicates: Double?

    @Flag(help: "Also count how the encoder reads the prompts of each source: cut, in windows, unknown tokens.")
    var reading = false

    @Option(help: "Write the report as one HTML page with charts, which needs no other file.")
    var html: String?

    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup(title: "Encoder of near-duplicates and reading") var model: ModelOptions
    @OptionGroup(title: "Feature store") var store: StoreOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        guard (0...0.5).contains(near) else { throw ValidationError("--near is \(near); give 0 to 0.5") }
        try NearDuplicateSearch.check(nearDuplicates, option: "--near-duplicates")
        guard !prompts.isEmpty || nearDuplicates == nil && !reading else {
            throw ValidationError("--near-duplicates and --reading need texts; name the files with --prompts")
        }
    }

    func run() throws {
        let found = try CorpusReport(
            scores: scores, prompts: prompts, keys: keys.keys, rollouts: rollouts, margin: near)
        for line in found.scores.errors.lines + found.promptErrors.lines { printError(line) }
        guard found.scores.rows > 0 else {
            throw CommandFailure("\(scores.joined(separator: ", ")): no row has a score; nothing can be reported")
        }
        let text = ReportText(
            found, rollouts: rollouts, near: near,
            reading: try reading ? ReadingReport(prompts, keys: keys.keys, model: model) : nil,
            duplicates: try nearDuplicates.map {
                try NearDuplicateReport(
                    prompts, keys: keys.keys, model: model, store: store, threshold: $0, total: found.prompts)
            })
        if let html { try writeFile(ReportPage(text).document, to: html) }
        try report.show(ReportJSON(found, text)) { text.description }
        let bad = found.scores.errors.rows + found.promptErrors.rows + found.scores.failed + found.unscored.count
        if bad > 0 { throw ExitStatus.finishedWithErrorRows }
    }
}
