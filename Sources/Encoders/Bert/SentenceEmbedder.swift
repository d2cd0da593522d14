public import Kernels
public import ModelFiles
public import Scoring
import Tokenizers

/// Texts to sentence embeddings: the tokenizer and the encoder of one model folder.
///
/// Belongs to one thread at a time, as its encoder does.
public final class SentenceEmbedder: TextEmbedder {
    private let tokenizer: WordPieceTokenizer
    private let encoder: BertEncoder

    /// Reads tokenizer and weights. Throws what is wrong with either, or that they are not of the same model.
    ///
    /// Packed weights are kept in `.packed` inside the folder, where all processes of a host share their pages.
    public init(folder: SentenceTransformerFolder, threads: Int, precision: Precision = .float32) throws(ModelError) {
        encoder = try BertEncoder(
            folder: folder, threads: threads, precision: precision, packedIn: .besideWeights)
        do {
            tokenizer = try WordPieceTokenizer(modelFolder: folder.path, maxLength: folder.configuration.tokensMax)
        } catch {
            throw .damaged(file: folder.path, at: "tokenizer", reason: "\(error)")
        }
        guard tokenizer.idEnd <= folder.configuration.vocabulary else {
            throw .damaged(
                file: folder.path, at: "tokenizer",
                reason: "it makes ids up to \(tokenizer.idEnd - 1), "
                    + "the weights have \(folder.configuration.vocabulary) tokens")
        }
    }

    /// Width of an embedding.
    public var width: Int { encoder.width }

    /// Everything about the arithmetic that may change the last digit.
    public var numerics: String { encoder.numerics }

    /// (P texts) -> `(P, E)`, row-major and of norm 1, and by text whether its end was not read.
    /// Throws `notFinite` with the text's index, or `kernel` when the compute library refuses.
    public func embed(_ texts: [String]) throws(ValueModelError) -> (values: [Float], isTruncated: [Bool]) {
        guard !texts.isEmpty else { return ([], []) }
        let tokenized = texts.map { tokenizer.encode($0) }
        do {
            let values = try encoder.encode(RaggedBatch(tokenized.map(\.ids)))
            return (values, tokenized.map(\.isTruncated))
        } catch .notFinite(let sequence) {
            throw .notFinite(stage: "the encoder", row: sequence)
        } catch {
            throw .kernel("\(error)")
        }
    }
}
