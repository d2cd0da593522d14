/// Turns a text into the token ids that a model reads, exactly as the model's reference tokenizer does.
public protocol Tokenizer: Sendable {
    /// One more than the largest id that `encode` gives. A model needs a vocabulary at least this large.
    var idEnd: Int { get }

    /// The ids of a text, special tokens included, cut at the length that the tokenizer was made for.
    func encode(_ text: String) -> TokenizedText
}

extension ByteLevelBPETokenizer: Tokenizer {}

extension WordPieceTokenizer: Tokenizer {}
