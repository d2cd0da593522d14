package import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to embeddings by a chain of modules: prompt, tokenizer, network, pooling, dense layers, normalisation.
///
/// Embeddings always have norm 1, because the heads compare them by cosine; a folder without a Normalize module gives
/// the reference's vectors divided by their norm. Belongs to one thread at a time, as its encoder does.
///
/// A text beyond the model's length is read in windows (`TextWindows`), each with the prompt. With mean pooling the mean
/// goes over the states of all windows' tokens, before the dense layers. With CLS or last-token pooling each window makes an embedding
/// of norm 1, and the text's is their mean, normalised.
package final class SentencePipelineEncoder: TextEncoder {
    /// The folder's name, digest, prompt and arithmetic.
    package let facts: EncoderFacts
    private let reader: TextReader
    private let network: any StateNetwork
    private let pooling: PipelineModules.Pooling
    private let dense: [DenseLayer]
    private var progress: @Sendable () -> Void = {}

    // Changes with this code, whenever an embedding could change.
    private static let version = "pipeline/2"

    /// Reads tokenizer and weights. Throws what is wrong with either, or that parts do not fit each other.
    ///
    /// Packed weights are kept in `.packed` inside the folder, where all processes of a host share their pages.
    package init(folder: SentencePipelineFolder, threads: Int, precision: Precision = .float32) throws(ModelError) {
        network = try folder.network.load(threads: threads, precision: precision)
        let width = network.width
        reader = try Self.reader(of: folder)
        pooling = folder.modules.pooling
        var layers: [DenseLayer] = []
        for name in folder.modules.dense {
            let layer = try DenseLayer(folder: "\(folder.path)/\(name)")
            let inputs = layers.last?.outputs ?? width
            try ModelError.require(
                layer.inputs == inputs, "\(folder.path)/\(name)/config.json", "in_features", "\(layer.inputs)",
                "\(inputs)")
            layers.append(layer)
        }
        dense = layers
        let numerics =
            [network.numerics, Self.version, TextWindows.identity, pooling.rawValue] + layers.map(\.numerics)
        let identity = [
            try folder.digest.hex, "prompt \(Digest(of: folder.prompt).hex)", numerics.joined(separator: " "),
        ]
        facts = EncoderFacts(
            name: folder.name, identity: identity.joined(separator: "\n"), width: layers.last?.outputs ?? width,
            precision: precision, packedWeights: network.packedWeights, windowTokens: reader.windowTokens)
    }

    /// How this encoder reads texts, without its weights. Throws what is wrong with the tokenizer.
    package static func reading(of folder: SentencePipelineFolder) throws(ModelError) -> TextReading {
        TextReading(name: folder.name, try reader(of: folder))
    }

    private static func reader(of folder: SentencePipelineFolder) throws(ModelError) -> TextReader {
        try TextReader(tokensMax: folder.network.tokensMax, prompt: folder.prompt) {
            (tokensMax) throws(ModelError) in
            try TokenizerLoading.load(folder.path, vocabulary: folder.network.vocabulary) { () throws(TokenizerError) in
                try ModelTokenizer.load(folder: folder.path, tokensMax: tokensMax)
            }
        }
    }

    /// How each text is read. Cost: the tokenizer's.
    package func measure(_ texts: [String]) -> [TextMeasure]? { reader.measure(texts) }

    /// (P texts) to `(P, E)`. Throws `notFinite` with the text's index, or `kernel`.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let read = reader.read(texts)
        do throws(ModelError) {
            let values = pooling == .mean ? try meanEmbeddings(read) : try tokenEmbeddings(read)
            return FeatureMatrix(columns: facts.width, values: values, isTruncated: read.isTruncated)
        } catch {
            throw error.ofEncoder
        }
    }

    /// `listener` is called after each window, on any thread.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { progress = listener }

    private func meanEmbeddings(_ read: WindowedTexts) throws(ModelError) -> [Float] {
        let progress = progress
        let means = try network.encode(read.batch) { states in
            defer { progress() }
            return states.mean(isNormalized: false)
        }
        return try finished(read.pooled(means, weight: read.tokens) { _ in }).flatMap(\.self)
    }

    private func tokenEmbeddings(_ read: WindowedTexts) throws(ModelError) -> [Float] {
        let (progress, isLast) = (progress, pooling == .last)
        let pooled = try network.encode(read.batch) { states in
            defer { progress() }
            return isLast ? states.last : states[0]
        }
        let embeddings = try finished(pooled.flatMap(\.self))
        return read.pooled(embeddings, weight: { _ in 1 }, finish: { EmbeddingNorm.divide(&$0) })
    }

    // Pooled states through the dense layers, each of norm 1 in the end.
    private func finished(_ pooled: [Float]) throws(ModelError) -> [[Float]] {
        var values = pooled
        for layer in dense { values = try layer.apply(values) }
        return stride(from: 0, to: values.count, by: facts.width).map { first in
            var row = Array(values[first..<first + facts.width])
            EmbeddingNorm.divide(&row)
            return row
        }
    }
}
