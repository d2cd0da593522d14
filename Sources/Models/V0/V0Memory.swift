import Encoders
import Heads
import Kernels
public import ModelFiles
import Scoring

/// The memory that a V0 model needs, computed before any of it is allocated. `statezero model inspect` prints it, and
/// loading checks it.
public struct V0Memory {
    private let folder: V0Folder
    private let settings: ModelSettings
    private let encoder: Qwen3Memory
    private let head: TabPFNMemory
    private let headWeightsFile: Int
    private let features: Int

    /// Reads configurations and headers only. Throws what is wrong with them.
    public init(folder: V0Folder, settings: ModelSettings) throws(ModelError) {
        self.folder = folder
        self.settings = settings
        let encoderFolder = try Qwen3Folder(path: folder.encoderFolder)
        encoder = try Qwen3Encoder.memory(
            encoderFolder.configuration, embeddingBytes: encoderFolder.embedding().bytesPerValue,
            tokensMax: folder.description.tokens_max, threads: settings.threads, precision: settings.precision)
        head = TabPFNMemory(
            folder.headConfiguration, ensemble: folder.ensembleConfiguration, arithmetic: settings.headArithmetic)
        headWeightsFile = try MappedFile(path: folder.headFile).count
        features = try folder.adapter(inputs: encoderFolder.configuration.width).features
    }

    /// Bytes by purpose, for contexts of N rows.
    public func bytes(rows: Int) -> ModelMemory {
        let isKept = settings.contextCache == .keep
        let preparing = head.preparing(rows: rows, features: features, threads: settings.threads)
        let predicting = head.predicting(
            rows: rows, features: features, queries: TabPFNHead.queriesPerRun, threads: settings.threads)
        let without = head.withoutContext(
            rows: rows, features: features, queries: TabPFNHead.queriesPerRun, threads: settings.threads)
        return ModelMemory(
            sharedWeights: encoder.embedding + encoder.packedWeights, ownWeights: encoder.tables + head.weights,
            encoding: encoder.workingSet, predicting: isKept ? max(preparing, predicting) : without,
            preparedContext: isKept ? head.context(rows: rows, features: features) : 0)
    }

    /// Throws `doesNotFit` when the weights and the working set alone need more than the memory available.
    ///
    /// Pages of the packed file that another worker has mapped count as available, so weights that are shared
    /// already cause no refusal.
    func checkWeights(available: Int?) throws(ModelError) {
        guard let available else { return }
        let memory = bytes(rows: 1)
        let needed = memory.sharedWeights + memory.ownWeights + memory.encoding
        guard needed <= available else {
            throw .doesNotFit(
                folder: folder.path, needed: needed, available: available,
                advice: settings.precision == .float32
                    ? "try --precision bfloat16, or a machine with more memory"
                    : "use a machine with more memory, or the default model")
        }
    }
}
