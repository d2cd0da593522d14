/// A table of text: columns as wide as their widest cell, two spaces apart, optionally with a rule under the header.
public struct TextTable: CustomStringConvertible, Sendable {
    /// Horizontal rules, made of hyphens.
    public enum Rules: Sendable {
        /// No rule.
        case none
        /// A rule under the header.
        case header
        /// A rule under the header and one above the last row, which is a summary.
        case headerAndSummary
    }

    /// The cell of a figure that does not exist.
    public static let missing = "–"

    private let rows: [[String]]
    private let leading: Int
    private let rules: Rules

    /// Arranges cells.
    ///
    /// - Parameters:
    ///   - leading: Number of first columns that are aligned to the left; the others are aligned to the right.
    ///
    /// Precondition: every row has as many cells as the header.
    public init(header: [String], rows: [[String]], leading: Int = 1, rules: Rules = .header) {
        precondition(
            rows.allSatisfy { $0.count == header.count },
            "TextTable: a row does not have the \(header.count) cells of \(header)")
        self.rows = [header] + rows
        self.leading = leading
        self.rules = rules
    }

    /// The table's lines, without a line break at the end.
    public var description: String {
        let widths = rows[0].indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        var lines = rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < leading ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let rule = String(repeating: "-", count: lines[0].count)
        if case .headerAndSummary = rules { lines.insert(rule, at: rows.count - 1) }
        if case .none = rules { return lines.joined(separator: "\n") }
        lines.insert(rule, at: 1)
        return lines.joined(separator: "\n")
    }
}
