/// Errors of rows, counted by code, with the first of each.
public struct ErrorCounts: Sendable {
    /// One code.
    public struct Entry: Sendable {
        /// The code.
        public let code: RowError.Code
        /// Rows with it.
        public internal(set) var rows: Int
        /// The first row with it.
        public let first: RowError
    }

    private var entries: [RowError.Code: Entry] = [:]

    /// No errors.
    public init() {}

    /// All errors.
    public var rows: Int { entries.values.reduce(0) { $0 + $1.rows } }

    /// By code: the most frequent first.
    public var sorted: [Entry] {
        entries.values.sorted { ($1.rows, $0.code.rawValue) < ($0.rows, $1.code.rawValue) }
    }

    /// Adds an error.
    public mutating func add(_ error: RowError) {
        entries[error.code, default: Entry(code: error.code, rows: 0, first: error)].rows += 1
    }

    /// One line a code: `missing_prompt: 12 rows, the first: file:line: …`.
    public var lines: [String] {
        sorted.map { "\($0.code.rawValue): \($0.rows) \($0.rows == 1 ? "row" : "rows"), the first: \($0.first)" }
    }
}
