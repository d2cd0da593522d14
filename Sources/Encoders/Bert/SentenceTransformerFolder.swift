import Foundation
public import ModelFiles
public import Scoring

/// A sentence-transformers model folder: configuration, tokenizer files and weights, read and checked.
///
/// Supported: BERT and XLM-RoBERTa with GELU by the error function and absolute positions, mean pooling, with or without L2
/// normalisation. Anything else is refused by its key rather than computed wrongly.
public struct SentenceTransformerFolder: Sendable {
    /// Path, as given.
    public let path: String
    /// The folder's own name, for people.
    public let name: String
    /// What the model looks like.
    public let configuration: BertConfiguration
    /// `model.safetensors`.
    public let weights: SafetensorsFile
    private let lazyDigest: LazyDigest

    /// SHA-256 over weights, tokenizer files and configuration: everything in the folder that can change an answer. Throws
    /// `unreadable`. Cost: at first a SHA-256 of the weights.
    public var digest: Scoring.Digest { get throws(ModelError) { try lazyDigest.value() } }

    /// Files that make the digest, in its order.
    public static let digestedFiles = [
        "config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "model.safetensors",
    ]

    /// Reads a folder. Throws `unreadable`, `damaged` and `unsupported`; the weights' shapes are checked by the encoder.
    /// Cost: reads small files and the header of the weights.
    public init(path: String) throws(ModelError) {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
        configuration = try BertConfiguration(folder: path) { () throws(ModelError) in try Self.readModules(path) }
        weights = try SafetensorsFile(path: "\(path)/model.safetensors")
        lazyDigest = LazyDigest { () throws(ModelError) in try FolderDigest.digest(of: Self.digestedFiles, in: path) }
    }

    /// What an encoder is made of.
    package var checkpoint: BertCheckpoint {
        BertCheckpoint(folder: path, configuration: configuration, weights: weights, digest: lazyDigest)
    }

    // MARK: - modules

    // Transformer, Pooling and perhaps Normalize, in this order. Returns whether there is a Normalize.
    private static func readModules(_ path: String) throws(ModelError) -> Bool {
        let file = "\(path)/modules.json"
        let modules = try FolderModule.list(folder: path)
        let names = modules.map(\.name)
        let supported = [["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]]
        try ModelError.require(
            supported.contains(names), file, "the list of modules", names.joined(separator: ", "),
            "Transformer, Pooling and optionally Normalize")
        let paths = modules.map(\.path)
        try ModelError.require(
            paths.starts(with: ["", "1_Pooling"]), file, "the modules' paths", "\(paths)", "\(["", "1_Pooling"]) first")
        let poolingFile = "\(path)/1_Pooling/config.json"
        let pooling = try JSONFile.read([String: PoolingValue].self, poolingFile)
        let modes = pooling.compactMap { key, value in
            if case .mode(true) = value, key.hasPrefix("pooling_mode_") { key } else { nil }
        }
        try ModelError.require(
            modes == ["pooling_mode_mean_tokens"], poolingFile, "pooling", modes.sorted().joined(separator: " + "),
            "pooling_mode_mean_tokens alone")
        return names.count == 3
    }

    private enum PoolingValue: Decodable {
        case mode(Bool)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) { self = .mode(value) } else { self = .other }
        }
    }

}
