internal import Reporting

/// What a leak check found, as text: counts by source, then the first prompts.
public struct LeakTable: CustomStringConvertible {
    private let report: LeakCheck.Report

    /// Arranges a report.
    public init(_ report: LeakCheck.Report) {
        self.report = report
    }

    private static let leaksMost = 20

    /// One line a source, one for each of the first 20 prompts, and what was compared.
    public var description: String {
        let table = TextTable(
            header: ["source", "query prompts", "same text", "reworded"],
            rows: report.sources.map { [$0.source, String($0.queries), String($0.sameText), String($0.reworded)] })
        var lines = [table.description, ""]
        for leak in report.leaks.prefix(Self.leaksMost) {
            let share = leak.isSameText ? "same text" : "\(decimals(100 * leak.share, 0)) % of its 8-word sequences"
            lines.append("\(leak.source) \(leak.promptID): \(share) as \(leak.trainingID) in \(leak.file)")
        }
        let more = report.leaks.count - Self.leaksMost
        if more > 0 { lines.append("and \(more) more; --json lists all") }
        lines.append(
            "\(report.leaks.count) query prompts have been seen in \(report.trainingPrompts) training prompts")
        return lines.joined(separator: "\n")
    }
}
