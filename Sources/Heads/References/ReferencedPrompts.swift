import Scoring

/// The prompts of a context and of its pool, each once, with what is known about them: the context's rows first.
///
/// A row of the context that is in the pool, by `poolRow` or by its text, is one prompt with it.
struct ReferencedPrompts: Sendable {
    /// By prompt: its row in the features of `ContextSet.texts`.
    private(set) var featureRows: [Int] = []
    /// By prompt.
    private(set) var sides: [SideInformation] = []
    /// By row of the context: its prompt.
    private(set) var placeOfRow: [Int] = []
    /// By row of the pool: its prompt.
    private let placeOfPoolRow: [Int]

    /// Collects the prompts. Cost: one look-up of a text each.
    init(_ context: ContextSet) {
        var byText: [String: Int] = [:]
        var byPoolRow = [Int?](repeating: nil, count: context.pool.count)
        for (index, row) in context.rows.enumerated() {
            let pooled = row.side.poolRow.flatMap { byPoolRow.indices.contains($0) ? $0 : nil }
            var place = byText[row.text]
            if let pooled { place = byPoolRow[pooled] ?? place }
            let found = place ?? sides.count
            if place == nil {
                featureRows.append(index)
                // What is only said of the pool's row is true of the context's.
                let isSilent = row.side.references.isEmpty
                sides.append(isSilent ? pooled.map { context.pool[$0].side } ?? row.side : row.side)
            }
            byText[row.text] = found
            if let pooled { byPoolRow[pooled] = found }
            placeOfRow.append(found)
        }
        for (index, row) in context.pool.enumerated() where byPoolRow[index] == nil {
            let place = byText[row.text] ?? sides.count
            if place == sides.count {
                featureRows.append(context.rows.count + index)
                sides.append(row.side)
            }
            byText[row.text] = place
            byPoolRow[index] = place
        }
        placeOfPoolRow = byPoolRow.map { $0 ?? 0 }
    }

    /// The prompt that a query is; `nil` if it is not in the pool.
    func place(of query: SideInformation) -> Int? {
        query.poolRow.flatMap { placeOfPoolRow.indices.contains($0) ? placeOfPoolRow[$0] : nil }
    }
}
