/// Why a tokenizer cannot be made. Encoding itself never fails.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
    /// A file cannot be read.
    case unreadable(path: String, reason: String)
    /// The folder has neither `tokenizer.json` nor `vocab.txt`.
    case noTokenizer(folder: String)
    /// The file is not JSON; `offset` is the byte where it stops being so.
    case malformedJSON(path: String, offset: Int, reason: String)
    /// A field is absent or of another kind than the format has it.
    case badField(path: String, field: String, expected: String)
    /// The file asks for something this tokenizer does not do.
    case unsupported(path: String, field: String, value: String)
    /// A token that the configuration names is not in the vocabulary, or has another id there.
    case inconsistentToken(path: String, token: String, reason: String)
    /// The special tokens alone need more room.
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
            "\(path): \(field) is \(value), which is not supported; use a BERT WordPiece or a Qwen byte-level BPE tokenizer"
        case .inconsistentToken(let path, let token, let reason):
            "\(path): token \"\(token)\" \(reason); the vocabulary belongs to another model"
        case .lengthTooSmall(let maxLength, let specialTokens):
            "a maximum length of \(maxLength) has no room for the \(specialTokens) special tokens; ask for more"
        }
    }
}
