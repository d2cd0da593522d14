import Scoring

/// A sample of prompts with outcomes of references, drawn by a hash of their texts: the same in every order of rows.
struct PoolSample {
    struct Row {
        let rank: UInt64
        let id: String?
        let text: String
        let columns: [ColumnValue]
    }

    private static let rowsMax = PoolBuilder.rowsMax

    private let seed: UInt64
    private var kept: [Row] = []
    /// Rows of this rank and above are not among the first `rowsMax`.
    private var limit = UInt64.max

    init(seed: UInt64) {
        self.seed = seed
    }

    /// The rows drawn, by rank.
    var rows: [Row] { Array(kept.sorted { ($0.rank, $0.text) < ($1.rank, $1.text) }.prefix(Self.rowsMax)) }

    /// Keeps a row if its rank is low enough. Cost: a hash of the text; a sort now and then.
    mutating func offer(id: String?, text: String, columns: [ColumnValue]) {
        let rank = StableHash(words: text, seed: seed ^ 0x9001).mixed
        guard rank < limit else { return }
        kept.append(Row(rank: rank, id: id, text: text, columns: columns))
        guard kept.count == 2 * Self.rowsMax else { return }
        kept = rows
        limit = kept[kept.count - 1].rank
    }
}
