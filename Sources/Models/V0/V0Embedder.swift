import Encoders
import Foundation
import Kernels
import ModelFiles
import Scoring
import Tokenizers

/// Texts to V0's features: tokenizer, Qwen3 encoder, query adapter.
///
/// Prompts are read as they are: no instruction, no chat template, no normalisation after. Belongs to one thread at a time.
final class V0Embedder {
    /// Called after each prompt, from any thread.
    var progress: @Sendable () -> Void = {}

    private let tokenizer: ByteLevelBPETokenizer
    private let encoder: Qwen3Encoder
    private let adapter: QueryAdapter

    /// Throws what is wrong with any of the three, or that they are not of one model.
    init(folder: V0Folder, digest: Digest, settings: ModelSettings) throws(ModelError) {
        let encoderFolder = try Qwen3Folder(path: folder.encoderFolder)
        let tokensMax = min(folder.description.tokens_max, encoderFolder.configuration.positions)
        let file = "\(folder.encoderFolder)/tokenizer.json"
        do {
            tokenizer = try ByteLevelBPETokenizer(tokenizerFile: file, tokensMax: tokensMax)
        } catch {
            throw .damaged(file: file, at: "tokenizer", reason: "\(error)")
        }
        let vocabulary = encoderFolder.configuration.vocabulary
        guard tokenizer.idEnd <= vocabulary else {
            throw .damaged(
                file: file, at: "tokenizer",
                reason: "it makes ids up to \(tokenizer.idEnd - 1), the weights have \(vocabulary) tokens")
        }
        adapter = try folder.adapter(inputs: encoderFolder.configuration.width)
        encoder = try Qwen3Encoder(
            folder: encoderFolder, tokensMax: tokensMax, threads: settings.threads, precision: settings.precision,
            digest: digest)
    }

    /// F.
    var features: Int { adapter.features }
    /// Channels of a token's state.
    var width: Int { encoder.width }
    /// Everything about the arithmetic that may change the last digit.
    var numerics: String { "\(encoder.numerics) adapter-f64" }

    /// Where the encoder's packed weights are, in words.
    var packedWeights: String {
        switch encoder.packedWeights {
        case .found(let file): "\(file), shared, found there"
        case .written(let file): "\(file), shared, written now"
        case .ownMemory(let reason): "in this worker's own memory: \(reason)"
        }
    }

    /// (P texts) to `(P, F)`. Throws `notFinite` with the text's index, or `kernel`.
    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let tokenized = texts.map { tokenizer.encode($0) }
        let (adapter, progress) = (adapter, progress)
        do {
            let rows = try encoder.encode(RaggedBatch(tokenized.map(\.ids))) { states in
                defer { progress() }
                return adapter.apply(states.hiddenTC, tokens: states.rows)
            }
            return FeatureMatrix(
                columns: features, values: rows.flatMap(\.self), isTruncated: tokenized.map(\.isTruncated))
        } catch .notFinite(let sequence) {
            throw .notFinite(stage: "the encoder", row: sequence)
        } catch {
            throw .kernel("\(error)")
        }
    }

    // MARK: - Stages, for verification

    /// A text's token ids.
    func tokens(of text: String) -> [Int32] { tokenizer.encode(text).ids }

    /// All states of each sequence, `(T, D)`.
    func states(of batch: RaggedBatch) throws(ModelError) -> [[Float]] { try encoder.states(batch) }

    /// What the adapter makes of one prompt's states, `(T, D)`.
    func features(ofStates states: [Float]) -> [Float] {
        adapter.apply(FloatBuffer(states), tokens: 0..<states.count / width)
    }
}
