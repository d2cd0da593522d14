import Scoring
import Wire

// Sizes of pieces: into which a shard is cut, and what each counts in its tenant's account.

extension Job {
    /// A shard is lent in pieces of at most so many rows, and so many tokens where rows are not longer: what comes next waits for
    /// what a worker computes. The clients of this package make shards of half the size, or less.
    private static let pieceRowsMax = 512
    private static let pieceTokensMax = 32_768
    /// The same where there are tenants: each waits for the pieces of the others.
    private static let sharedPieceRowsMax = 128
    private static let sharedPieceTokensMax = 8192
    /// So many pieces at most, because each change of one looks at all.
    private static let piecesMax = 256

    /// The rows of a shard's pieces, about equally many in each.
    /// - Parameter isShared: Whether there are tenants.
    static func cut(_ shard: SubmitShard, isShared: Bool) -> [Range<Int>] {
        let rows = shard.content.count
        let (rowsMax, tokensMax) =
            isShared ? (sharedPieceRowsMax, sharedPieceTokensMax) : (pieceRowsMax, pieceTokensMax)
        let least = max((rows - 1) / rowsMax, (shard.windowTokens - 1) / tokensMax) + 1
        let pieces = least.clamped(to: 1...max(1, min(rows, piecesMax)))
        return (0..<pieces).map { rows * $0 / pieces..<rows * ($0 + 1) / pieces }
    }

}

extension Job.Shard {
    private static let rowTokensMin = 16
    /// More than any text has; so sums never overflow.
    private static let costMax = 1 << 24

    /// The rows of a piece, if it is here.
    func rows(of key: Job.PieceKey) -> Range<Int>? { place(ofRow: key.firstRow).map { pieces[$0].rows } }

    /// Deaths that count against a piece.
    func kills(of key: Job.PieceKey) -> Int { place(ofRow: key.firstRow).map { pieces[$0].kills } ?? 0 }

    /// Estimated tokens of so many of its rows: their share, at least 1.
    func tokens(ofRows rows: Int) -> Int { max(1, submitted.tokens * rows / submitted.content.count) }

    /// What so many of its rows count in their tenant's account, in tokens. A client's own estimate counts only where it is higher than
    /// the size of the texts; a row costs a worker something, however short it is.
    func cost(ofRows rows: Int) -> Int {
        let tokens = submitted.windowTokens * rows / submitted.content.count
        return max(tokens, rows * Self.rowTokensMin).clamped(to: 0...Self.costMax)
    }
}
