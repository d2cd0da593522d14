import Crypto
public import Encoders
import Foundation
import Heads
public import ModelFiles
import Scoring

/// A V0 model folder, as `scripts/convert_v0` writes it: `statezero.json`, read and checked, and the files beside it.
///
/// ```
/// statezero.json        what is here: pooling, adapter, head, ensemble, digests of the files it was made of
/// encoder/              config.json, tokenizer.json, model.safetensors or shards, as Hugging Face wrote them
/// adapter.safetensors   query adapter, by the checkpoint's names; absent for `last_token`
/// head.safetensors      TabPFN v2.5, by the checkpoint's names, and the column embedding it keeps elsewhere
/// golden.*              what `statezero model verify` repeats
/// ```
public struct V0Folder: Sendable {
    /// `statezero.json`.
    public struct Description: Sendable, Decodable {
        let format: String
        let version: Int
        /// For people.
        public let name: String
        /// How a prompt's token states become features.
        public let pooling: QueryAdapter.Pooling
        let tokens_max: Int
        let adapter: Adapter?
        let head: Head
        let ensemble: Ensemble
    }

    struct Adapter: Sendable, Decodable {
        let queries: Int
        let width: Int
        let heads: Int
        let bottleneck: Int?
    }

    struct Head: Sendable, Decodable {
        enum Encoder: String, Sendable, Decodable {
            case linear, mlp
        }

        let width: Int
        let layers: Int
        let heads: Int
        let columns_per_group: Int
        let inner_factor: Int
        let thinking_rows: Int
        let classes: Int
        let encoder: Encoder
        let encoder_inner: Int?
        let outlier_sigma: Double
    }

    struct Ensemble: Sendable, Decodable {
        let members: Int
        let temperature: Double
        let seed: UInt64
    }

    /// Path, as given.
    public let path: String
    /// What `statezero.json` says.
    public let description: Description

    static let fileName = "statezero.json"
    static let format = "statezero-v0"

    /// Reads `statezero.json`. Throws `unreadable`, `damaged` and `unsupported`. Weights are checked when they are loaded.
    public init(path: String) throws(ModelError) {
        self.path = path
        let file = "\(path)/\(Self.fileName)"
        description = try JSONFile.read(Description.self, file)
        let it = description
        func require(_ holds: Bool, _ key: String, _ found: Any, _ supported: String) throws(ModelError) {
            if !holds { throw .unsupported(file: file, key: key, found: "\(found)", supported: supported) }
        }
        try require(it.format == Self.format, "format", it.format, Self.format)
        try require(it.version == 1, "version", it.version, "1; convert the model again with this release's script")
        try require((2...32_768).contains(it.tokens_max), "tokens_max", it.tokens_max, "2 to 32,768")
        if it.pooling != .lastToken {
            guard it.adapter != nil else {
                throw .damaged(file: file, at: "adapter", reason: "pooling \(it.pooling.rawValue) needs its sizes")
            }
        }
        try headConfiguration.check(file: file)
        try ensembleConfiguration.check(file: file)
    }

    /// The head's sizes.
    var headConfiguration: TabPFNConfiguration {
        let head = description.head
        return TabPFNConfiguration(
            width: head.width, layers: head.layers, heads: head.heads, columnsPerGroup: head.columns_per_group,
            innerFactor: head.inner_factor, thinkingRows: head.thinking_rows, classes: head.classes,
            encoder: head.encoder == .linear ? .linear : .mlp(inner: head.encoder_inner ?? 0),
            outlierSigma: head.outlier_sigma)
    }

    /// The ensemble's choices.
    var ensembleConfiguration: EnsembleConfiguration {
        let ensemble = description.ensemble
        return EnsembleConfiguration(
            members: ensemble.members, temperature: ensemble.temperature, seed: ensemble.seed)
    }

    /// The adapter, from its file if the pooling has one. Throws what is wrong with it.
    func adapter(inputs: Int) throws(ModelError) -> QueryAdapter {
        guard description.pooling != .lastToken, let sizes = description.adapter else {
            return .lastToken(inputs: inputs)
        }
        return try QueryAdapter(
            description.pooling, weights: SafetensorsFile(path: adapterFile), inputs: inputs,
            configuration: QueryAdapter.Configuration(
                queries: sizes.queries, width: sizes.width, heads: sizes.heads, bottleneck: sizes.bottleneck ?? 1))
    }

    /// SHA-256 over the files that can change an answer; of the encoder's weights, what `Qwen3Folder.digest` found.
    func digest(encoder: Scoring.Digest) throws(ModelError) -> Scoring.Digest {
        try digest(encoder: encoder, files: [Self.fileName, "encoder/tokenizer.json", "head.safetensors"])
    }

    /// The same over what can change a feature: all but the head's weights. What the description says of the head is in it.
    func featuresDigest(encoder: Scoring.Digest) throws(ModelError) -> Scoring.Digest {
        try digest(encoder: encoder, files: [Self.fileName, "encoder/tokenizer.json"])
    }

    private func digest(encoder: Scoring.Digest, files: [String]) throws(ModelError) -> Scoring.Digest {
        var parts = ["encoder \(encoder.hex)"]
        for name in files + (description.pooling == .lastToken ? [] : ["adapter.safetensors"]) {
            let file = try MappedFile(path: "\(path)/\(name)")
            let digest = Scoring.Digest { hash in file.withBytes { hash.update(bufferPointer: $0) } }
            parts.append("\(name) \(file.count) \(digest.hex)")
        }
        return Scoring.Digest(of: parts.joined(separator: "\n"))
    }

    var encoderFolder: String { "\(path)/encoder" }
    var adapterFile: String { "\(path)/adapter.safetensors" }
    var headFile: String { "\(path)/head.safetensors" }
}
