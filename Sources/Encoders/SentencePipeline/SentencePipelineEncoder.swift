package import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to embeddings by a chain of modules: prompt, tokenizer, BERT, pooling, dense layers, normalisation.
///
/// Embeddings always have norm 1, because the heads compare them by cosine; a folder without a Normalize module gives
/// the reference's vectors divided by their norm. Belongs to one thread at a time, as its encoder does.
package final class SentencePipelineEncoder: TextEncoder {
    /// The folder's name, digest, prompt and arithmetic.
    package let facts: EncoderFacts
    private let tokenizer: any Tokenizer
    private let encoder: BertEncoder
    private let prompt: String
    private let pooling: PipelineModules.Pooling
    private let dense: [DenseLayer]

    // Changes with this code, whenever an embedding could change.
    private static let version = "pipeline/1"

    /// Reads tokenizer and weights. Throws what is wrong with either, or that parts do not fit each other.
    ///
    /// Packed weights are kept in `.packed` inside the folder, where all processes of a host share their pages.
    package init(folder: SentencePipelineFolder, threads: Int, precision: Precision = .float32) throws(ModelError) {
        let sizes = folder.checkpoint.configuration
        encoder = try BertEncoder(folder.checkpoint, threads: threads, precision: precision, packedIn: .besideWeights)
        tokenizer = try TokenizerLoading.load(folder.path, vocabulary: sizes.vocabulary) {
            () throws(TokenizerError) in
            try WordPieceTokenizer(modelFolder: folder.path, maxLength: sizes.tokensMax)
        }
        prompt = folder.prompt
        pooling = folder.modules.pooling
        var layers: [DenseLayer] = []
        for name in folder.modules.dense {
            let layer = try DenseLayer(folder: "\(folder.path)/\(name)")
            let width = layers.last?.outputs ?? sizes.width
            try ModelError.require(
                layer.inputs == width, "\(folder.path)/\(name)/config.json", "in_features", "\(layer.inputs)",
                "\(width)")
            layers.append(layer)
        }
        dense = layers
        let numerics = [encoder.numerics, Self.version, pooling.rawValue] + layers.map(\.numerics)
        let identity = [
            folder.checkpoint.digest.hex, "prompt \(Digest(of: folder.prompt).hex)", numerics.joined(separator: " "),
        ]
        facts = EncoderFacts(
            name: folder.name, identity: identity.joined(separator: "\n"), width: layers.last?.outputs ?? sizes.width,
            precision: precision, packedWeights: encoder.packedWeights)
    }

    /// (P texts) to `(P, E)`. Throws `notFinite` with the text's index, or `kernel`.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let tokenized = texts.map { tokenizer.encode(prompt + $0) }
        do throws(ModelError) {
            let pooling = pooling
            var values = try encoder.encode(RaggedBatch(tokenized.map(\.ids))) { states in
                switch pooling {
                case .cls: states[0]
                case .mean: states.mean(isNormalized: false)
                }
            }.flatMap(\.self)
            for layer in dense { values = try layer.apply(values) }
            let width = facts.width
            for row in 0..<texts.count { Self.normalize(&values[row * width..<(row + 1) * width]) }
            return FeatureMatrix(columns: width, values: values, isTruncated: tokenized.map(\.isTruncated))
        } catch {
            throw error.ofEncoder
        }
    }

    // A norm under 1e-12 counts as 1e-12, as in the reference.
    private static func normalize(_ vector: inout ArraySlice<Float>) {
        let norm = max(vector.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        for index in vector.indices { vector[index] /= norm }
    }
}
