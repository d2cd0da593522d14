internal import Reporting

/// The report as text: one line per source, with figures in columns.
public struct EvaluationTable: CustomStringConvertible {
    private let report: EvaluationReport

    /// Arranges a report.
    public init(_ report: EvaluationReport) {
        self.report = report
    }

    /// The table, at most 120 columns wide for names of up to 20 letters. A missing figure is a dash.
    public var description: String {
        let header = [
            "source", "policies", "rows", "queries", "AUC", "±", "Spearman", "ECE", "Brier", "constant", "length",
            "knn10",
        ]
        let table = TextTable(
            header: header, rows: (report.sources + [report.mean]).map(Self.cells), rules: .headerAndSummary)
        var lines = [table.description]
        for figures in report.sources where !figures.skipped.isEmpty {
            for (reason, count) in figures.skipped.sorted(by: { $0.key < $1.key }) {
                lines.append("\(figures.source): \(count) contexts skipped, \(reason)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func cells(_ figures: EvaluationReport.Figures) -> [String] {
        let rows = figures.contextRows.map { decimals($0, 0) } ?? TextTable.missing
        return [figures.source, String(figures.policies), rows, String(figures.queries)]
            + [
                figures.intraContextAUC, figures.standardError, figures.spearman, figures.ece, figures.brier,
                figures.baselines.constant, figures.baselines.length, figures.baselines.knn10,
            ].map(Cell.fixed)
    }
}
