import Scoring

/// How much work a worker wants to have in hand: a level, so that a lost message loses no credit.
public struct Credit: Hashable, Sendable {
    /// Prompts.
    public var rows: Int
    /// Estimated tokens.
    public var tokens: Int
    /// Pieces of shards, from `Limits.piecesInHandMin` to `Limits.piecesInHandMax`.
    public var pieces: Int

    /// Grants a level; pieces beyond their bounds are brought to the nearer one.
    public init(rows: Int, tokens: Int, pieces: Int = Limits.piecesInHandMin) {
        self.rows = rows
        self.tokens = tokens
        self.pieces = pieces.clamped(to: Limits.piecesInHand)
    }

    /// Nothing more.
    public static let none = Credit(rows: 0, tokens: 0)
}
