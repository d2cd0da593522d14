package import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to sentence embeddings: the tokenizer and the BERT encoder of one sentence-transformers folder.
///
/// A text beyond the model's length is read in windows (`TextWindows`). Its embedding is the mean of the states of all
/// windows' tokens, normalised in the end if the folder says so.
/// Belongs to one thread at a time, as its encoder does.
package final class SentenceEncoder: TextEncoder {
    /// The folder's name, digest and arithmetic. Features have norm 1 if the folder has a Normalize module.
    package let facts: EncoderFacts
    private let reader: TextReader
    private let encoder: BertEncoder
    private var progress: @Sendable () -> Void = {}

    /// Reads tokenizer and weights. Throws what is wrong with either, or that they belong to different models.
    ///
    /// Packed weights are kept in `.packed` inside the folder, where all processes of a host share their pages.
    package init(folder: SentenceTransformerFolder, threads: Int, precision: Precision = .float32) throws(ModelError) {
        encoder = try BertEncoder(folder: folder, threads: threads, precision: precision, packedIn: .besideWeights)
        reader = try Self.reader(of: folder)
        facts = EncoderFacts(
            name: folder.name, identity: "\(try folder.digest.hex)\n\(encoder.numerics) \(TextWindows.identity)",
            width: encoder.width, precision: precision, packedWeights: encoder.packedWeights,
            windowTokens: reader.windowTokens)
    }

    /// How this encoder reads texts, without its weights. Throws what is wrong with the tokenizer.
    package static func reading(of folder: SentenceTransformerFolder) throws(ModelError) -> TextReading {
        TextReading(name: folder.name, try reader(of: folder))
    }

    private static func reader(of folder: SentenceTransformerFolder) throws(ModelError) -> TextReader {
        try TextReader(tokensMax: folder.configuration.tokensMax) { (tokensMax) throws(ModelError) in
            try TokenizerLoading.load(folder.path, vocabulary: folder.configuration.vocabulary) {
                () throws(TokenizerError) in
                try ModelTokenizer.load(folder: folder.path, tokensMax: tokensMax)
            }
        }
    }

    /// How each text is read. Cost: the tokenizer's.
    package func measure(_ texts: [String]) -> [TextMeasure]? { reader.measure(texts) }

    /// (P texts) to `(P, E)`. Throws `notFinite` with the text's index, or `kernel` when the compute library refuses.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let read = reader.read(texts)
        let isNormalized = encoder.configuration.isNormalized
        do {
            let progress = progress
            let means = try encoder.encode(read.batch) { states in
                defer { progress() }
                return states.mean(isNormalized: isNormalized && read.isWhole(window: states.sequence))
            }
            let values = read.pooled(means, weight: read.tokens) { mean in
                if isNormalized { EmbeddingNorm.divide(&mean) }
            }
            return FeatureMatrix(columns: facts.width, values: values, isTruncated: read.isTruncated)
        } catch {
            throw error.ofEncoder
        }
    }

    /// `listener` is called after each window, on any thread.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { progress = listener }
}
