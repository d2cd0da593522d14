/// The reasons why a tokenizer cannot be created. Encoding itself never fails.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
    /// A file cannot be read.
    case unreadable(path: String, reason: String)
    /// The folder has neither `tokenizer.json` nor `vocab.txt`.
    case noTokenizer(folder: String)
    /// The file is not JSON; `offset` is the first byte that is wrong, from 0.
    case malformedJSON(path: String, offset: Int, reason: String)
    /// A field is absent or has another type than the format requires.
    case badField(path: String, field: String, expected: String)
    /// The file needs a feature that this package does not have.
    case unsupported(path: String, field: String, value: String)
    /// A token that the configuration names is not in the vocabulary, or has another id there.
    case inconsistentToken(path: String, token: String, reason: String)
    /// The special tokens alone are longer.
    case lengthTooSmall(maxLength: Int, specialTokens: Int)

    /// What happened, where, and what to do next.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): cannot be read (\(reason)); check that the model was fetched completely"
        case .noTokenizer(let folder):
            "\(folder): has neither tokenizer.json nor vocab.txt; point to a model folder in the usual layout"
        case .malformedJSON(let path, let offset, let reason):
            "\(path): not JSON at byte \(offset) (\(reason)); the file may be cut short, fetch it again"
        case .badField(let path, let field, let expected):
            "\(path): \(field) should be \(expected); this is not a tokenizer file of the known format"
        case .unsupported(let path, let field, let value):
            "\(path): \(field) is \(value), which is not supported; use a BERT WordPiece, a SentencePiece Unigram or a Qwen byte-level BPE tokenizer"
        case .inconsistentToken(let path, let token, let reason):
            "\(path): token \"\(token)\" \(reason); the vocabulary belongs to another model"
        case .lengthTooSmall(let maxLength, let specialTokens):
            "a maximum length of \(maxLength) is too small for the \(specialTokens) special tokens; choose a larger one"
        }
    }
}
