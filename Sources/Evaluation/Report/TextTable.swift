/// Cells in columns, the first to the left and the others to the right, with a rule under the head.
struct TextTable: CustomStringConvertible {
    private let rows: [[String]]
    /// Whether the last row is a summary, with a rule above it.
    private let hasSummary: Bool

    /// Precondition: every row has as many cells as the head.
    init(head: [String], rows: [[String]], hasSummary: Bool = false) {
        precondition(rows.allSatisfy { $0.count == head.count }, "TextTable: rows unlike the head \(head)")
        self.rows = [head] + rows
        self.hasSummary = hasSummary
    }

    var description: String {
        let widths = rows[0].indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        var lines = rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let rule = String(repeating: "-", count: lines[0].count)
        if hasSummary { lines.insert(rule, at: rows.count - 1) }
        lines.insert(rule, at: 1)
        return lines.joined(separator: "\n")
    }

    /// Four decimals; a dash for what is not there.
    static func fixed(_ value: Double?) -> String {
        guard let value else { return "–" }
        let scaled = Int((abs(value) * 10_000).rounded())
        let decimals = String(scaled % 10_000)
        return (value < 0 ? "-" : "") + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - decimals.count)
            + decimals
    }

    /// As `fixed`, a plus before what is above 0.
    static func signed(_ value: Double?) -> String {
        value.map { ($0 > 0 ? "+" : "") + fixed($0) } ?? "–"
    }
}
