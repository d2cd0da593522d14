package import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to V0's features: byte-level BPE tokenizer, Qwen3 encoder, query adapter.
///
/// Prompts are read as they are: no instruction, no chat template, no normalisation. Belongs to one thread at a time.
package final class AdaptedQwen3Encoder: TextEncoder {
    /// The model's name, digest and arithmetic.
    package let facts: EncoderFacts
    private let tokenizer: any Tokenizer
    private let encoder: Qwen3Encoder
    private let adapter: QueryAdapter
    private var progress: @Sendable () -> Void = {}

    /// `name` is for people. `digest` covers all files that features depend on, `weightsDigest` those of the encoder
    /// alone: it names the packed file. Throws what is wrong with the tokenizer or the weights, or that they belong to
    /// different models.
    package init(
        folder: Qwen3Folder, adapter: QueryAdapter, name: String, digest: Scoring.Digest,
        weightsDigest: Scoring.Digest, tokensMax: Int, threads: Int, precision: Precision
    ) throws(ModelError) {
        let longest = min(tokensMax, folder.configuration.positions)
        let file = "\(folder.path)/tokenizer.json"
        tokenizer = try TokenizerLoading.load(file, vocabulary: folder.configuration.vocabulary) {
            () throws(TokenizerError) in
            try ByteLevelBPETokenizer(tokenizerFile: file, tokensMax: longest)
        }
        self.adapter = adapter
        encoder = try Qwen3Encoder(
            folder: folder, tokensMax: longest, threads: threads, precision: precision, digest: weightsDigest)
        facts = EncoderFacts(
            name: name, identity: "\(digest.hex)\n\(encoder.numerics) \(Self.adapterNumerics)", width: adapter.features,
            precision: precision, packedWeights: encoder.packedWeights)
    }

    /// (P texts) to `(P, F)`. Throws `notFinite` with the text's index, or `kernel`.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let tokenized = texts.map { tokenizer.encode($0) }
        let (adapter, progress) = (adapter, progress)
        do {
            let rows = try encoder.encode(RaggedBatch(tokenized.map(\.ids))) { states in
                defer { progress() }
                return adapter.apply(states.hiddenTC, tokens: states.rows)
            }
            return FeatureMatrix(
                columns: facts.width, values: rows.flatMap(\.self), isTruncated: tokenized.map(\.isTruncated))
        } catch {
            throw error.ofEncoder
        }
    }

    /// How each text is read: every byte has a token. Cost: the tokenizer's.
    package func measure(_ texts: [String]) -> [TextMeasure]? {
        texts.map { text in
            let read = tokenizer.encode(text)
            return TextMeasure(
                tokenizer.template.body(of: read.ids), unknown: tokenizer.unknownID, isTruncated: read.isTruncated)
        }
    }

    /// `listener` is called after each prompt, on any thread.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { progress = listener }

    // MARK: - Stages, for verification

    /// Channels of a token's state, D.
    package var stateWidth: Int { encoder.width }

    /// The arithmetic of encoder and adapter.
    package var numerics: String { "\(encoder.numerics) \(Self.adapterNumerics)" }

    // Changes with the adapter's code, whenever a feature could change.
    private static let adapterNumerics = "adapter-f64"

    /// A text's token ids.
    package func tokens(of text: String) -> [Int32] { tokenizer.encode(text).ids }

    /// All states of each sequence, `(T, D)`.
    package func states(of batch: RaggedBatch) throws(ModelError) -> [[Float]] { try encoder.states(batch) }

    /// What the adapter makes of one prompt's states, `(T, D)`.
    package func features(ofStates states: [Float]) -> [Float] {
        adapter.apply(FloatBuffer(states), tokens: 0..<states.count / stateWidth)
    }
}
