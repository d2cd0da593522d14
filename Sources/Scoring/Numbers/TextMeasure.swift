/// How an encoder reads a text, counted without computing anything else.
public struct TextMeasure: Sendable, Equatable {
    /// Tokens that are read, without special ones and without the encoder's own prompt; a token in two windows counts once.
    public let tokens: Int
    /// Those that stand for what the vocabulary cannot write: the encoder does not know what was there.
    public let unknownTokens: Int
    /// The text's end is not read.
    public let isTruncated: Bool

    /// Lists the counts.
    public init(tokens: Int, unknownTokens: Int, isTruncated: Bool) {
        self.tokens = tokens
        self.unknownTokens = unknownTokens
        self.isTruncated = isTruncated
    }
}

/// Counts of many texts, such as those of one source.
public struct TextMeasures: Sendable, Equatable {
    /// Texts counted.
    public private(set) var texts = 0
    /// Texts whose end is not read.
    public private(set) var truncated = 0
    /// Tokens of all texts.
    public private(set) var tokens = 0
    /// Unknown tokens of all texts.
    public private(set) var unknownTokens = 0

    /// No text yet.
    public init() {}

    /// Counts one text.
    public mutating func add(_ measure: TextMeasure) {
        texts += 1
        truncated += measure.isTruncated ? 1 : 0
        tokens += measure.tokens
        unknownTokens += measure.unknownTokens
    }

    /// Share of texts whose end is not read, in [0, 1]; 0 without texts.
    public var truncatedShare: Double { texts == 0 ? 0 : Double(truncated) / Double(texts) }

    /// Share of tokens that are unknown, in [0, 1]; 0 without tokens.
    public var unknownShare: Double { tokens == 0 ? 0 : Double(unknownTokens) / Double(tokens) }
}
