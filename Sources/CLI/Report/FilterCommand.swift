import ArgumentParser
import ArrowFiles
import CommandSupport
import Corpora
import Scoring

/// `statezero filter`.
struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "filter", "Writes the prompts of a band of p, of quotas by source or of a sample, as they are in their file.",
        example: """
            statezero filter scripts/sample/data/queries.jsonl.gz --scores out/scores --p-min 0.1 --p-max 0.9 \\
                --sample 100 --output out/chosen.jsonl
            """,
        details: """
            Reads JSON Lines, JSON arrays, CSV and TSV, also compressed, and writes rows byte for byte; output is not \
            compressed. Parquet and Arrow files are written with all their columns, in the format of the input. Give the \
            same options for keys as to score. Quotas and samples are drawn with chances by p(1-p), the expected \
            contrast of rollouts. --drop-near-duplicates 0.95 keeps the first of prompts in the band whose embeddings \
            have at least this cosine, before quotas and samples are drawn. Exit code 3: rows without a score, or that \
            cannot be read; they are left out.
            """)

    @Argument(help: "The file that was scored.")
    var prompts: String

    @Option(parsing: .upToNextOption, help: "Output folders of score, or files of score rows.")
    var scores: [String]

    @Option(help: "File to write.")
    var output: String

    @Option(help: "Smallest p to keep.")
    var pMin: Float = 0

    @Option(help: "Largest p to keep.")
    var pMax: Float = 1

    @Option(range: .atLeast(1), help: "Rows of each source to keep at most; see --source-key.")
    var perSource: Int?

    @Option(range: .atLeast(1), help: "Rows to keep at most.")
    var sample: Int?

    @Option(
        help: ArgumentHelp(
            "Leave out prompts whose embedding has at least this cosine with that of an earlier one, such as 0.95.",
            valueName: "cosine"))
    var dropNearDuplicates: Double?

    @Option(help: "Seed of the draws.")
    var seed: UInt64 = 0

    @OptionGroup(title: "Row keys") var keys: KeyOptions
    @OptionGroup(title: "Encoder of --drop-near-duplicates") var model: ModelOptions
    @OptionGroup(title: "Feature store") var store: StoreOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        guard 0 <= pMin, pMin <= pMax, pMax <= 1 else {
            throw ValidationError("--p-min \(pMin) and --p-max \(pMax): give a band inside 0 to 1")
        }
        try NearDuplicateSearch.check(dropNearDuplicates, option: "--drop-near-duplicates")
    }

    func run() throws {
        let location = try PipeCopies.location(of: prompts)
        let arrow = (try? ArrowFormat(path: prompts, at: location)).map {
            ArrowCopy(input: prompts, location: location, format: $0)
        }
        if arrow == nil { try RowCopy.check(prompts) }
        let table = try ScoreTable(scores)
        let rule = RowSelection.Rule(band: pMin...pMax, perSource: perSource, sample: sample, seed: seed)
        let repeats = try dropNearDuplicates.map { try nearDuplicates($0, rule, table) }
        let selection = try RowSelection(
            prompts, keys: keys.keys, scores: table, rule: rule, leavingOut: repeats?.rows ?? RowSet())
        for line in table.errors.lines + selection.errors.lines { printError(line) }
        guard selection.rows > selection.unscored.count else {
            throw CommandFailure(
                "\(prompts): no row has a score in \(scores.joined(separator: ", "))\(names(selection.unscored)); give the"
                    + " options for keys that score had")
        }
        let written =
            try arrow.map { try $0.write(selection.counts, as: $0.format, adding: nil, to: output) }
            ?? RowCopy.write(selection.kept, of: prompts, to: output)
        let summary = Summary(
            output: output, rows: selection.rows, in_band: selection.inBand, written: written,
            unscored: selection.unscored.count, unscored_ids: selection.unscored.first,
            bad_prompts: selection.errors.rows, bad_scores: table.errors.rows,
            near_duplicates: repeats == nil ? nil : selection.nearDuplicates, near_duplicates_method: repeats?.method)
        try report.show(summary) { text(selection, written, repeats?.method) }
        if selection.unscored.count + selection.errors.rows + table.errors.rows > 0 {
            throw ExitStatus.finishedWithErrorRows
        }
    }

    /// The numbers of the rows in the band that are near to an earlier one there.
    private func nearDuplicates(
        _ threshold: Double, _ rule: RowSelection.Rule, _ scores: ScoreTable
    ) throws -> (rows: RowSet, method: NearDuplicateSearch.Method) {
        var search = try NearDuplicateSearch(model: model, store: store, threshold: threshold)
        var lines: [Int] = []
        var corpus = try PromptCorpus(files: [prompts], keys: keys.keys)
        while let element = try corpus.next() {
            guard case .row(let row) = element, let p = scores.probability(of: row.prompt.id), rule.band.contains(p)
            else { continue }
            try search.add(row.prompt.text)
            lines.append(row.line)
        }
        try search.finish()
        // Groups are numbered by their first rows.
        var (rows, begun) = (RowSet(), 0)
        for (line, group) in zip(lines, search.groups) {
            if group < begun { rows.insert(line) } else { begun = group + 1 }
        }
        return (rows, search.method)
    }

    private func text(_ selection: RowSelection, _ written: Int, _ method: NearDuplicateSearch.Method?) -> String {
        var lines = ["\(output): \(written) of \(selection.rows) rows; \(selection.inBand) have p in \(pMin)...\(pMax)"]
        if let method {
            lines.append("\(selection.nearDuplicates) of them are near-duplicates of earlier ones; \(method.text)")
        }
        if selection.unscored.count > 0 {
            lines.append("\(selection.unscored.count) rows have no score and are left out\(names(selection.unscored))")
        }
        if selection.errors.rows > 0 { lines.append("\(selection.errors.rows) rows cannot be read and are left out") }
        return lines.joined(separator: "\n")
    }

    private func names(_ ids: NamedCount) -> String {
        ids.count > 0 ? " (\(ids.names))" : ""
    }

    private struct Summary: Encodable {
        let output: String
        let rows: Int
        let in_band: Int
        let written: Int
        let unscored: Int
        let unscored_ids: [String]
        let bad_prompts: Int
        let bad_scores: Int
        let near_duplicates: Int?
        let near_duplicates_method: NearDuplicateSearch.Method?
    }
}

extension RowSelection {
    /// For each row of the input, 1 if it is kept.
    fileprivate var counts: [Int64] { lastRow < 1 ? [] : (1...lastRow).map { kept.contains($0) ? 1 : 0 } }
}
