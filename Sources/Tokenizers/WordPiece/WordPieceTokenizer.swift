/// Text to token ids, exactly as the Hugging Face `tokenizers` library has them for a BERT WordPiece model.
///
/// Text passes `AddedTokens`, `Normalizer`, `PreTokenizer` and `WordPiece` in one sweep over its UTF-8 bytes, and stops
/// as soon as the rest would be cut off. A value is immutable and may be used from any number of threads at once.
public struct WordPieceTokenizer: Sendable {
    /// Number of tokens, added ones included.
    public let vocabularyCount: Int
    /// One past the largest id: an embedding needs at least so many rows.
    public let idEnd: Int
    /// The most ids a text may have, special tokens included.
    public private(set) var maxLength: Int

    private let addedTokens: AddedTokens
    private let normalizer: Normalizer
    private let model: WordPiece
    package let template: SequenceTemplate
    /// The id of a word that the vocabulary cannot write.
    package let unknownID: Int32?

    /// Reads a `tokenizer.json`. Its own truncation and padding do not count: the caller says how long an answer may
    /// be, and answers are never padded. Cost: some 40 ms and 3 MB for 30,522 tokens.
    ///
    /// - Throws: `TokenizerError`, also for whatever the file asks for that is not done here.
    public init(tokenizerFile path: String, maxLength: Int) throws(TokenizerError) {
        try self.init(WordPieceFile(FieldReader(file: path)), maxLength: maxLength)
    }

    /// Reads `tokenizer.json` of a model folder or, where there is none, `vocab.txt` with `tokenizer_config.json`.
    public init(modelFolder: String, maxLength: Int) throws(TokenizerError) {
        try self.init(WordPieceFile(modelFolder: modelFolder), maxLength: maxLength)
    }

    init(_ file: WordPieceFile, maxLength: Int) throws(TokenizerError) {
        guard maxLength >= file.template.count else {
            throw .lengthTooSmall(maxLength: maxLength, specialTokens: file.template.count)
        }
        self.maxLength = maxLength
        vocabularyCount = file.tokenCount
        idEnd = file.idEnd
        addedTokens = AddedTokens(file.addedTokens)
        normalizer = Normalizer(steps: file.steps)
        model = WordPiece(
            vocabulary: file.vocabulary, continuingPrefix: file.continuingPrefix,
            wordScalarsMax: file.wordScalarsMax, unknownID: file.unknownID)
        template = file.template
        unknownID = file.unknownID
    }

    package func reading(_ tokensMax: Int) -> WordPieceTokenizer {
        var other = self
        other.maxLength = max(tokensMax, template.count)
        return other
    }

    /// The ids of a text. Cost: some 15 ns a byte up to the point of truncation.
    public func encode(_ text: String) -> TokenizedText {
        encode(utf8: text.utf8.span)
    }

    /// The ids of UTF-8 bytes; what is not UTF-8 reads as U+FFFD.
    public func encode(utf8 bytes: Span<UInt8>) -> TokenizedText {
        let room = maxLength - template.count
        var words = PreTokenizer(model: model, idsMax: room)
        var index = 0
        while index < bytes.count, !words.isFull {
            let added = addedTokens.first(in: bytes, from: index)
            normalizer.normalize(bytes, in: index..<(added?.range.lowerBound ?? bytes.count), into: &words)
            guard let added else { break }
            words.append(id: added.id)
            index = added.range.upperBound
        }
        return TokenizedText(ids: template.ids(around: words.ids.prefix(room)), isTruncated: words.isFull)
    }
}
