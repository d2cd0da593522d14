import Encoders
import Heads
import Kernels
public import ModelFiles
import Scoring

extension V0ValueModel {
    /// Reads a folder made by `scripts/convert_v0`.
    ///
    /// The fingerprint covers every file that can change an answer, the arithmetic and the settings but for threads and
    /// kept contexts, which change no bit. Throws what is wrong with a file, and `doesNotFit` before memory is taken.
    /// Cost: a SHA-256 of the weights, and packing them where no packed file is found.
    public static func load(folder path: String, settings: ModelSettings) throws(ModelError) -> V0ValueModel {
        try load(folder: path, settings: settings, availableMemory: AvailableMemory.bytes)
    }

    /// The same on a machine that has `availableMemory` left, for tests.
    package static func load(
        folder path: String, settings: ModelSettings, availableMemory: @escaping () -> Int?
    ) throws(ModelError) -> V0ValueModel {
        let folder = try V0Folder(path: path)
        let parts = try V0Parts(folder: folder, settings: settings, available: availableMemory())
        let text = [
            parts.digest.hex, parts.embedder.numerics, parts.head.numerics, "row hash \(settings.rowHash.rawValue)",
        ].joined(separator: "\n")
        let pooling = folder.description.pooling.rawValue
        let name = "\(folder.description.name)+\(pooling)/\(settings.precision.rawValue)"
        let features = Digest(of: "\(parts.featuresDigest.hex)\n\(parts.embedder.numerics)")
        return V0ValueModel(
            fingerprint: ModelFingerprint(name: name, digest: Digest(of: text)),
            encoderFingerprint: ModelFingerprint(name: name, digest: features),
            embedder: parts.embedder, head: parts.head, settings: settings, availableMemory: availableMemory)
    }
}

/// The parts of a V0 model, loaded with the same settings.
struct V0Parts {
    let embedder: V0Embedder
    let head: TabPFNHead
    /// SHA-256 over every file of the folder that can change an answer.
    let digest: Digest
    /// SHA-256 over every file that can change a feature.
    let featuresDigest: Digest

    /// Throws what is wrong with any file, and `doesNotFit` before memory is taken.
    init(folder: V0Folder, settings: ModelSettings, available: Int?) throws(ModelError) {
        try V0Memory(folder: folder, settings: settings).checkWeights(available: available)
        let encoderDigest = try Qwen3Folder(path: folder.encoderFolder).digest()
        digest = try folder.digest(encoder: encoderDigest)
        featuresDigest = try folder.featuresDigest(encoder: encoderDigest)
        embedder = try V0Embedder(folder: folder, digest: encoderDigest, settings: settings)
        head = try TabPFNHead(
            weights: SafetensorsFile(path: folder.headFile), configuration: folder.headConfiguration,
            ensemble: folder.ensembleConfiguration, arithmetic: settings.headArithmetic, threads: settings.threads)
    }
}

extension ModelSettings {
    /// bfloat16 also halves what a prepared context keeps.
    var headArithmetic: TabPFNArithmetic {
        precision == .float32
            ? TabPFNArithmetic() : TabPFNArithmetic(precision: .bfloat16, keysValues: .bfloat16)
    }
}
