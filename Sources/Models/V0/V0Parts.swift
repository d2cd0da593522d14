import Encoders
import Heads
import Kernels
package import ModelFiles
import Scoring

/// The parts of a V0 model, loaded with the same settings.
package struct V0Parts {
    let encoder: AdaptedQwen3Encoder
    let head: TabPFNHead
    /// SHA-256 over every file of the folder that can change an answer.
    let digest: Digest

    /// Throws what is wrong with any file, and `doesNotFit` before memory is allocated.
    init(folder: V0Folder, settings: ModelSettings, available: Int?) throws(ModelError) {
        try V0Memory(folder: folder, settings: settings).checkWeights(available: available)
        let encoderFolder = try Qwen3Folder(path: folder.encoderFolder)
        let encoderDigest = try encoderFolder.digest()
        digest = try folder.digest(encoder: encoderDigest)
        encoder = try AdaptedQwen3Encoder(
            folder: encoderFolder, adapter: try folder.adapter(inputs: encoderFolder.configuration.width),
            name: folder.description.name, digest: try folder.featuresDigest(encoder: encoderDigest),
            weightsDigest: encoderDigest, tokensMax: folder.description.tokens_max, threads: settings.threads,
            precision: settings.precision)
        head = try TabPFNHead(
            weights: SafetensorsFile(path: folder.headFile), configuration: folder.headConfiguration,
            ensemble: folder.ensembleConfiguration, arithmetic: settings.headArithmetic, threads: settings.threads)
    }

    /// The value model of a folder made by `scripts/convert_v0`.
    ///
    /// The fingerprint covers every file that can change an answer, the arithmetic and the settings but for threads and
    /// kept contexts, which change no bit. Throws what is wrong with a file, and `doesNotFit` before memory is allocated.
    /// Cost: a SHA-256 of the weights, and packing them if no packed file is found. `availableMemory` is for tests.
    package static func model(
        of folder: V0Folder, settings: ModelSettings,
        availableMemory: @escaping () -> Int? = { AvailableMemory.bytes() }
    ) throws(ModelError) -> LoadedModel {
        let parts = try V0Parts(folder: folder, settings: settings, available: availableMemory())
        let head = TabPFNInContextHead(
            parts.head, threads: settings.threads, keepsContexts: settings.contextCache == .keep,
            rowHash: settings.rowHash == .reference ? .reference : .constant, availableMemory: availableMemory)
        let facts = parts.encoder.facts
        let name = "\(facts.name)+\(folder.description.pooling.rawValue)/\(settings.precision.rawValue)"
        let identity = [parts.digest.hex, parts.encoder.numerics, head.identity].joined(separator: "\n")
        let model = InContextValueModel(
            fingerprint: ModelFingerprint(name: name, digest: Digest(of: identity)),
            encoderFingerprint: ModelFingerprint(name: name, digest: Digest(of: facts.identity)),
            encoder: parts.encoder, head: head, columns: .encoder)
        return LoadedModel(model, packedWeights: facts.packedWeights)
    }
}

extension ModelSettings {
    /// bfloat16 also halves what a prepared context keeps.
    var headArithmetic: TabPFNArithmetic {
        precision == .float32
            ? TabPFNArithmetic() : TabPFNArithmetic(precision: .bfloat16, keysValues: .bfloat16)
    }
}
