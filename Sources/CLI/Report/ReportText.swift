import Corpora
import Reporting

/// A report of predictions as tables and sentences for a terminal.
struct ReportText: CustomStringConvertible {
    /// A named distribution.
    struct Group {
        let name: String
        let counts: ProbabilityCounts
    }

    /// The sources with the most rows come first; more are only counted.
    static let sourcesShown = 30

    let overall: ProbabilityCounts
    let sources: [Group]
    let lengths: [Group]
    let rollouts: Int
    let near: Double
    /// Whether the scores say which prompts were not read to their ends.
    let hasTruncation: Bool
    let notes: [String]
    let reading: ReadingReport?
    let duplicates: NearDuplicateReport?

    init(
        _ report: CorpusReport, rollouts: Int, near: Double, reading: ReadingReport? = nil,
        duplicates: NearDuplicateReport? = nil
    ) {
        (self.reading, self.duplicates) = (reading, duplicates)
        overall = report.overall
        hasTruncation = report.scores.hasTruncation
        self.rollouts = rollouts
        self.near = near
        sources = report.sources.map { Group(name: $0.key, counts: $0.value) }
            .sorted { ($1.counts.rows, $0.name) < ($0.counts.rows, $1.name) }
        lengths = zip(Self.lengthNames, report.lengths).map { Group(name: $0, counts: $1) }
            .filter { $0.counts.rows > 0 }
        notes = Self.notes(report)
    }

    var description: String {
        var parts = [
            "\(overall.rows) scores", Self.table("p", binRows, header: ["rows", "share"], bars: true),
            table("all", [Group(name: "all", counts: overall)]),
        ]
        if !sources.isEmpty { parts.append(table("source", Array(sources.prefix(Self.sourcesShown)))) }
        if sources.count > Self.sourcesShown { parts.append("and \(sources.count - Self.sourcesShown) more sources") }
        if !lengths.isEmpty { parts.append(table("characters", lengths)) }
        if let reading { parts.append(Self.text(of: reading)) }
        if let duplicates { parts.append(Self.text(of: duplicates)) }
        return (parts + [notes.joined(separator: "\n")]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// The columns of `cells`, after the name.
    var header: [String] {
        ["rows", "mean p", "p ≤ \(Self.plain(near))", "p ≥ \(Self.plain(1 - near))", "silent of \(rollouts)"]
            + (hasTruncation ? ["cut"] : [])
    }

    /// The figures of a distribution.
    func cells(_ counts: ProbabilityCounts) -> [String] {
        ["\(counts.rows)", decimals(counts.mean, 3)]
            + ([counts.nearZeroShare, counts.nearOneShare, counts.silentShare]
            + (hasTruncation ? [counts.truncatedShare] : [])).map(Self.percent)
    }

    /// A share as a percentage.
    static func percent(_ share: Double) -> String { decimals(100 * share, 1) + " %" }

    private func table(_ name: String, _ groups: [Group]) -> String {
        "\(TextTable(header: [name] + header, rows: groups.map { [$0.name] + cells($0.counts) }))"
    }

    /// The columns of `cells(_:)` of a reading, after the name.
    static let readingHeader = ["prompts", "tokens each", "cut", "in windows", "unknown tokens"]

    /// The figures of how prompts are read.
    static func cells(_ source: ReadingReport.Source) -> [String] {
        [
            "\(source.prompts)", decimals(source.tokensEach, 0), percent(source.truncated_share),
            source.windows_share.map(percent) ?? "-", percent(source.unknown_share),
        ]
    }

    /// Where the figures of a reading come from.
    static func origin(of reading: ReadingReport) -> String {
        "as \(reading.model) reads all prompts, counted with its tokenizer; cut prompts are among those in windows"
    }

    private static func text(of reading: ReadingReport) -> String {
        let table = TextTable(
            header: ["source"] + readingHeader,
            rows: reading.sources.prefix(sourcesShown).map { [$0.source] + cells($0) })
        return "\(table)\n\(origin(of: reading))"
    }

    private static func text(of duplicates: NearDuplicateReport) -> String {
        let groups = duplicates.largest.map { group in
            (["\(group.rows) prompts"] + group.examples.map { "  \($0.id): \($0.text)" }).joined(separator: "\n")
        }
        return (duplicates.lines + groups).joined(separator: "\n")
    }

    private var binRows: [[String]] {
        let most = max(1, overall.bins.max() ?? 1)
        return overall.bins.enumerated().map { index, rows in
            let bar = String(repeating: "█", count: (40 * rows + most - 1) / most)
            return [
                "\(decimals(Double(index) / Double(ProbabilityCounts.binCount), 2))", "\(rows)",
                Self.percent(Double(rows) / Double(max(1, overall.rows))), bar,
            ]
        }
    }

    private static func table(_ name: String, _ rows: [[String]], header: [String], bars: Bool) -> String {
        // The bars are no column: their ends differ.
        let lines = "\(TextTable(header: [name] + header, rows: rows.map { Array($0.dropLast()) }))"
            .split(separator: "\n").map(String.init)
        return (lines.prefix(2) + zip(lines.dropFirst(2), rows).map { "\($0)  \($1.last ?? "")" })
            .joined(separator: "\n")
    }

    static func plain(_ value: Double) -> String {
        let text = decimals(value, 4)
        let short = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return short.isEmpty ? "0" : String(short.reversed())
    }

    private static let lengthNames: [String] = {
        let ends = CorpusReport.lengthEnds
        return ["below \(ends[0])"] + zip(ends, ends.dropFirst()).map { "\($0) to \($1 - 1)" }
            + ["\(ends[ends.count - 1]) and more"]
    }()

    private static func notes(_ report: CorpusReport) -> [String] {
        var lines: [String] = []
        let scores = report.scores
        if scores.hasTruncation {
            lines.append(
                "\(report.overall.truncated) prompts (\(percent(report.overall.truncatedShare))) are cut: longer than the "
                    + "encoder reads, as \"truncated\" of the scores says")
        }
        if scores.failed > 0 { lines.append("\(scores.failed) rows have an error instead of a score") }
        if scores.errors.rows > 0 { lines.append("\(scores.errors.rows) score rows cannot be read") }
        if scores.repeated > 0 {
            lines.append("\(scores.repeated) scores have the id of an earlier file; the first counts")
        }
        guard report.prompts > 0 else { return lines }
        lines.append(
            "\(report.exactRepeats) of \(report.prompts) prompts repeat an earlier text; "
                + "\(report.looseRepeats) if case and white space do not count")
        if report.unscored.count > 0 {
            lines.append("\(report.unscored.count) prompts have no score: \(report.unscored.names)")
        }
        if report.scoresWithoutPrompt > 0 {
            lines.append("\(report.scoresWithoutPrompt) scores have no prompt in the prompt files")
        }
        if report.promptErrors.rows > 0 { lines.append("\(report.promptErrors.rows) prompt rows cannot be read") }
        return lines
    }
}
