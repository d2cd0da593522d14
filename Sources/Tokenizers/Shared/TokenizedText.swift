/// A text as the encoder reads it.
public struct TokenizedText: Hashable, Sendable {
    /// Token ids, special tokens included, at most as many as the tokenizer was made for; never padded.
    public let ids: [Int32]
    /// The text had more tokens than fit; its end is not in `ids`.
    public let isTruncated: Bool

    /// Pairs ids with whether they are all there is.
    public init(ids: [Int32], isTruncated: Bool) {
        self.ids = ids
        self.isTruncated = isTruncated
    }
}
