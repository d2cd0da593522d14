/// Turns a text into the token ids that a model reads, exactly as the model's reference tokenizer does.
package protocol Tokenizer: Sendable {
    /// One more than the largest id that `encode` gives. A model needs a vocabulary at least this large.
    var idEnd: Int { get }

    /// The ids of a text, special tokens included, cut at the length that the tokenizer was made for.
    func encode(_ text: String) -> TokenizedText

    /// Special tokens around a text.
    var template: SequenceTemplate { get }

    /// The id of what the vocabulary cannot write; `nil` if it can write everything.
    var unknownID: Int32? { get }

    /// The same tokenizer with another maximum length, special tokens included. Cost: none; the vocabulary is shared.
    func reading(_ tokensMax: Int) -> Self
}

extension ByteLevelBPETokenizer: Tokenizer {}

extension UnigramTokenizer: Tokenizer {}

extension WordPieceTokenizer: Tokenizer {}
