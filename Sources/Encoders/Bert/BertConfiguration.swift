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
    /// Row of the first token's position in the table: 0 for BERT, one past the padding's for XLM-RoBERTa.
    public let firstPosition: Int
    /// Whether the mean is divided by its L2 norm.
    public let isNormalized: Bool

    /// Whether sizes are those of all-MiniLM-L6-v2, the default encoder.
    package var isMiniLM: Bool {
        (width, layers, innerWidth, vocabulary, types, firstPosition) == (384, 6, 1536, 30_522, 2, 0)
    }

    /// The token that XLM-RoBERTa does not count in positions, wherever it is in a text; `nil` for BERT.
    var uncountedToken: Int32? { firstPosition > 0 ? Int32(firstPosition - 1) : nil }

    /// Row of the table of positions for each token of a run, whose sequences start where `places` has 0.
    func positionRows(_ ids: some Collection<Int32>, places: [Int]) -> [Int] {
        guard let uncountedToken else { return places }
        var uncounted = 0
        return zip(ids, places).map { id, place in
            if place == 0 { uncounted = 0 }
            guard id != uncountedToken else {
                uncounted += 1
                return firstPosition - 1
            }
            return firstPosition + place - uncounted
        }
    }

    /// Channels of one head, D.
    public var headWidth: Int { width / heads }
}
