/// Collects the pool of a context: prompts with an outcome of a reference, each text once, in the order in which they are
/// offered.
package struct PoolBuilder: Sendable {
    /// More prompts say little more, and the time to fit grows with their cube.
    package static let rowsMax = 800

    /// The pool.
    package private(set) var rows: [ContextSet.PoolRow] = []
    /// Rows by a hash of their texts.
    private var places: [UInt64: (row: Int, text: String)] = [:]

    /// An empty pool.
    package init() {}

    /// Whether no more rows are taken.
    package var isFull: Bool { rows.count >= Self.rowsMax }

    /// Adds a prompt, unless it has no outcome, is there already, or the pool is full. The references only are kept.
    package mutating func add(_ text: String, _ side: SideInformation) {
        let hash = Self.hash(text)
        guard !isFull, places[hash] == nil, !side.references.isEmpty else { return }
        places[hash] = (rows.count, text)
        rows.append(ContextSet.PoolRow(text: text, side: SideInformation(references: side.references)))
    }

    /// The row of a text; `nil` if it is not in the pool.
    package func row(of text: String) -> Int? {
        guard !rows.isEmpty, let known = places[Self.hash(text)], known.text == text else { return nil }
        return known.row
    }

    /// Every prompt of a corpus is looked up, so this hash is the fast one.
    private static func hash(_ text: String) -> UInt64 { StableHash(words: text).mixed }

    /// The same information with the text's row of the pool.
    package func placed(_ side: SideInformation, of text: String) -> SideInformation {
        guard !side.references.isEmpty, let row = row(of: text) else { return side }
        return SideInformation(
            references: side.references, numbers: side.numbers, categories: side.categories, vectors: side.vectors,
            poolRow: row)
    }
}
