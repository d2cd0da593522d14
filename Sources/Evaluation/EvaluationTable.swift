/// The report as a person reads it: a line a source, figures in columns.
public struct EvaluationTable: CustomStringConvertible {
    private let report: EvaluationReport

    /// Lays out a report.
    public init(_ report: EvaluationReport) {
        self.report = report
    }

    /// The table, at most 120 columns wide for names of up to 20 letters; missing figures are a dash.
    public var description: String {
        let head = [
            "source", "policies", "queries", "AUC", "± seeds", "gAUC", "ECE", "Brier", "constant", "length", "knn10",
        ]
        let rows = [head] + (report.sources + [report.mean]).map(Self.cells)
        let widths = head.indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        var lines = rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        lines.insert(String(repeating: "-", count: lines[0].count), at: rows.count - 1)
        lines.insert(String(repeating: "-", count: lines[0].count), at: 1)
        for figures in report.sources where !figures.skipped.isEmpty {
            for (reason, count) in figures.skipped.sorted(by: { $0.key < $1.key }) {
                lines.append("\(figures.source): \(count) contexts skipped, \(reason)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func cells(_ figures: EvaluationReport.Figures) -> [String] {
        [figures.source, String(figures.policies), String(figures.queries)]
            + [
                figures.intraContextAUC, figures.standardError, figures.groupAUC, figures.ece, figures.brier,
                figures.baselines.constant, figures.baselines.length, figures.baselines.knn10,
            ].map(fixed)
    }

    /// Four decimals; a dash for what is not there.
    private static func fixed(_ value: Double?) -> String {
        guard let value else { return "–" }
        let scaled = Int((abs(value) * 10_000).rounded())
        let decimals = String(scaled % 10_000)
        return (value < 0 ? "-" : "") + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - decimals.count)
            + decimals
    }
}
