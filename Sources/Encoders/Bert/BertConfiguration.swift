/// Sizes of a BERT encoder and how its last states are pooled, as a sentence-transformers folder states them.
public struct BertConfiguration: Sendable, Equatable {
    /// Channels of the hidden state, C.
    public let width: Int
    /// Layers.
    public let layers: Int
    /// Attention heads, H; C = H · D.
    public let heads: Int
    /// Channels inside the feed-forward pair.
    public let innerWidth: Int
    /// Number of token ids.
    public let vocabulary: Int
    /// Length of the table of positions.
    public let positions: Int
    /// Length of the table of token types.
    public let types: Int
    /// ε of every LayerNorm.
    public let epsilon: Float
    /// Longest sequence that the model reads, in tokens, CLS and SEP included.
    public let tokensMax: Int
    /// Whether the mean is divided by its L2 norm.
    public let isNormalized: Bool

    /// Channels of one head, D.
    public var headWidth: Int { width / heads }
}
