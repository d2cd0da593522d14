package import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to sentence embeddings: the tokenizer and the BERT encoder of one sentence-transformers folder.
///
/// Belongs to one thread at a time, as its encoder does.
package final class SentenceEncoder: TextEncoder {
    /// The folder's name, digest and arithmetic. Features have norm 1 if the folder has a Normalize module.
    package let facts: EncoderFacts
    private let tokenizer: any Tokenizer
    private let encoder: BertEncoder

    /// Reads tokenizer and weights. Throws what is wrong with either, or that they belong to different models.
    ///
    /// Packed weights are kept in `.packed` inside the folder, where all processes of a host share their pages.
    package init(folder: SentenceTransformerFolder, threads: Int, precision: Precision = .float32) throws(ModelError) {
        let configuration = folder.configuration
        encoder = try BertEncoder(folder: folder, threads: threads, precision: precision, packedIn: .besideWeights)
        tokenizer = try TokenizerLoading.load(folder.path, vocabulary: configuration.vocabulary) {
            () throws(TokenizerError) in
            try WordPieceTokenizer(modelFolder: folder.path, maxLength: configuration.tokensMax)
        }
        facts = EncoderFacts(
            name: folder.name, identity: "\(folder.digest.hex)\n\(encoder.numerics)", width: encoder.width,
            precision: precision, packedWeights: encoder.packedWeights)
    }

    /// (P texts) to `(P, E)`. Throws `notFinite` with the text's index, or `kernel` when the compute library refuses.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let tokenized = texts.map { tokenizer.encode($0) }
        do {
            let values = try encoder.encode(RaggedBatch(tokenized.map(\.ids)))
            return FeatureMatrix(columns: facts.width, values: values, isTruncated: tokenized.map(\.isTruncated))
        } catch {
            throw error.ofEncoder
        }
    }
}
