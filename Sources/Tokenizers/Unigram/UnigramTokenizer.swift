/// Text to token ids, exactly as the Hugging Face `tokenizers` library has them for a Unigram model of SentencePiece, such
/// as that of XLM-RoBERTa.
///
/// Text is cut at `AddedTokens`; each piece between passes `UnigramNormalizer`, is split at spaces, which are marked "▁",
/// and each word passes `UnigramModel`, until the rest would be cut off. A value is immutable and may be used from any
/// number of threads at once.
public struct UnigramTokenizer: Sendable {
    /// Number of tokens, added ones included.
    public let vocabularyCount: Int
    /// One past the largest id: an embedding needs at least so many rows.
    public let idEnd: Int
    /// The most ids a text may have, special tokens included.
    public private(set) var tokensMax: Int
    /// The id of what is no token.
    package let unknownID: Int32?
    /// Special tokens around a text.
    package let template: SequenceTemplate

    private let addedTokens: AddedTokens
    private let normalizer: UnigramNormalizer
    private let splitsAtWhitespace: Bool
    private let prependsMark: Bool
    private let model: UnigramModel

    /// Reads a `tokenizer.json`. Its own truncation and padding do not count: the caller says how long an answer may
    /// be, and answers are never padded. Cost: some two seconds and 40 MB for the 250,002 tokens of XLM-RoBERTa.
    ///
    /// - Throws: `TokenizerError`, also for whatever the file asks for that is not done here.
    public init(tokenizerFile path: String, tokensMax: Int) throws(TokenizerError) {
        try self.init(UnigramFile(FieldReader(file: path)), tokensMax: tokensMax)
    }

    init(_ file: UnigramFile, tokensMax: Int) throws(TokenizerError) {
        guard tokensMax >= file.template.count else {
            throw .lengthTooSmall(maxLength: tokensMax, specialTokens: file.template.count)
        }
        self.tokensMax = tokensMax
        vocabularyCount = file.tokenCount
        idEnd = file.idEnd
        unknownID = file.unknownID
        template = file.template
        addedTokens = file.addedTokens
        normalizer = file.normalizer
        splitsAtWhitespace = file.splitsAtWhitespace
        prependsMark = file.prependsMark
        model = file.model
    }

    package func reading(_ tokensMax: Int) -> UnigramTokenizer {
        var other = self
        other.tokensMax = max(tokensMax, template.count)
        return other
    }

    /// The ids of a text between the special tokens, truncated to `tokensMax`. Cost: some 100 ns a byte up to the point of
    /// truncation; a word without an end is cut as a whole.
    public func encode(_ text: String) -> TokenizedText {
        let bytes = text.utf8.span
        let limit = tokensMax - template.count
        var words = Words(model: model, limit: limit, prependsMark: prependsMark)
        var index = 0
        while index < bytes.count, !words.isFull {
            let added = addedTokens.first(in: bytes, from: index)
            let piece = index..<(added?.range.lowerBound ?? bytes.count)
            if !piece.isEmpty { append(normalizer.normalize(bytes, in: piece), to: &words) }
            guard let added else { break }
            words.ids.append(added.id)
            index = added.range.upperBound
        }
        return TokenizedText(ids: template.ids(around: words.ids.prefix(limit)), isTruncated: words.isFull)
    }

    private func append(_ text: [UInt8], to words: inout Words) {
        guard splitsAtWhitespace else { return words.append(text[...]) }
        let bytes = text.span
        var start = WhitespaceEdges.start(of: bytes, in: text.indices)
        var index = start
        while index < text.count, !words.isFull {
            let (value, length) = UTF8Scalars.wellFormed(in: bytes, at: index)
            if WhitespaceEdges.isWhitespace(value) {
                words.append(text[start..<index])
                start = WhitespaceEdges.start(of: bytes, in: index..<text.count)
                index = start
            } else {
                index += length
            }
        }
        words.append(text[start..<index])
    }
}

/// The ids of a text so far: parts go in, words that start at "▁" go to the model.
private struct Words {
    var ids: [Int32] = []
    private let model: UnigramModel
    private let limit: Int
    private let prependsMark: Bool
    private var space = UnigramModel.Workspace()
    private var part: [UInt8] = []

    init(model: UnigramModel, limit: Int, prependsMark: Bool) {
        self.model = model
        self.limit = limit
        self.prependsMark = prependsMark
    }

    /// More ids than asked for: further text cannot change the answer.
    var isFull: Bool { ids.count > limit }

    /// Appends the ids of a part, which may be empty.
    mutating func append(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        let mark = UnigramFile.mark
        part.removeAll(keepingCapacity: true)
        if prependsMark, text.first != 0x20, !text.starts(with: mark) { part += mark }
        for byte in text {
            if byte == 0x20 { part += mark } else { part.append(byte) }
        }
        var start = 0
        while start < part.count, !isFull {
            var end = start + 1
            while end < part.count, !part[end...].starts(with: mark) { end += 1 }
            model.encode(part[start..<end], &space, into: &ids)
            start = end
        }
    }
}
