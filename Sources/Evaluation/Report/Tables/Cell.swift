internal import Reporting

/// Figures of the evaluation's tables as text: four decimals, or a dash for a missing figure.
enum Cell {
    /// Without a plus sign.
    static func fixed(_ value: Double?) -> String { value.map { decimals($0, 4) } ?? TextTable.missing }

    /// With a plus sign above 0.
    static func signed(_ value: Double?) -> String {
        value.map { decimals($0, 4, sign: .nonzero) } ?? TextTable.missing
    }
}
