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
    let notes: [String]

    init(_ report: CorpusReport, rollouts: Int, near: Double) {
        overall = report.overall
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
        return (parts + [notes.joined(separator: "\n")]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// The columns of `cells`, after the name.
    var header: [String] {
        ["rows", "mean p", "p ≤ \(Self.plain(near))", "p ≥ \(Self.plain(1 - near))", "silent of \(rollouts)"]
    }

    /// The figures of a distribution.
    func cells(_ counts: ProbabilityCounts) -> [String] {
        ["\(counts.rows)", decimals(counts.mean, 3)]
            + [counts.nearZeroShare, counts.nearOneShare, counts.silentShare].map(Self.percent)
    }

    /// A share as a percentage.
    static func percent(_ share: Double) -> String { decimals(100 * share, 1) + " %" }

    private func table(_ name: String, _ groups: [Group]) -> String {
        "\(TextTable(header: [name] + header, rows: groups.map { [$0.name] + cells($0.counts) }))"
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

    private static func plain(_ value: Double) -> String {
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
        if let truncated = scores.truncated {
            let share = Double(truncated) / Double(max(1, scores.rows))
            lines.append("\(truncated) prompts (\(percent(share))) are longer than the encoder reads")
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
