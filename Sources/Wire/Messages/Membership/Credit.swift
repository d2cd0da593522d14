import Scoring

/// How much work a worker wants to hold: a level, so that a lost message loses no credit.
public struct Credit: Hashable, Sendable {
    /// Prompts.
    public var rows: Int
    /// Estimated tokens.
    public var tokens: Int
    /// Pieces of shards, from `Limits.heldPiecesMin` to `Limits.heldPiecesMax`.
    public var pieces: Int

    /// Grants a level; pieces beyond their bounds are brought to the nearer one.
    public init(rows: Int, tokens: Int, pieces: Int = Limits.heldPiecesMin) {
        self.rows = rows
        self.tokens = tokens
        self.pieces = pieces.clamped(to: Limits.heldPieces)
    }

    /// Nothing more.
    public static let none = Credit(rows: 0, tokens: 0)
}
