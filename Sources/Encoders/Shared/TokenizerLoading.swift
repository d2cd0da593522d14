package import ModelFiles
package import Tokenizers

/// Reads a model's tokenizer and checks that it belongs to the model's weights.
package enum TokenizerLoading {
    /// The tokenizer that `make` reads from `file`, which is named in errors.
    ///
    /// Throws `damaged` for a file that cannot be read, and for ids beyond the `vocabulary` of the weights.
    package static func load(
        _ file: String, vocabulary: Int, _ make: () throws(TokenizerError) -> any Tokenizer
    ) throws(ModelError) -> any Tokenizer {
        let tokenizer: any Tokenizer
        do {
            tokenizer = try make()
        } catch {
            throw .damaged(file: file, at: "tokenizer", reason: "\(error)")
        }
        guard tokenizer.idEnd <= vocabulary else {
            throw .damaged(
                file: file, at: "tokenizer",
                reason: "it makes ids up to \(tokenizer.idEnd - 1), the weights have \(vocabulary) tokens")
        }
        return tokenizer
    }
}
