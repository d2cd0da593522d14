import Crypto
import Foundation
public import ModelFiles
public import Scoring

/// A sentence-transformers model folder: configuration, tokenizer files and weights, read and checked.
///
/// Supported: BERT with GELU by the error function and absolute positions, mean pooling, with or without L2
/// normalisation. Anything else is refused by name rather than computed wrongly.
public struct SentenceTransformerFolder: Sendable {
    /// Path, as given.
    public let path: String
    /// The folder's own name, for people.
    public let name: String
    /// What the model looks like.
    public let configuration: BertConfiguration
    /// `model.safetensors`.
    public let weights: SafetensorsFile
    /// SHA-256 over weights, tokenizer files and configuration: everything in the folder that can change an answer.
    public let digest: Scoring.Digest

    /// Files that make the digest, in its order.
    public static let digestedFiles = [
        "config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "model.safetensors",
    ]

    /// Reads a folder. Throws `unreadable`, `damaged` and `unsupported`; the weights' shapes are checked by the encoder.
    /// Cost: one SHA-256 of the weights.
    public init(path: String) throws(ModelError) {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
        configuration = try Self.readConfiguration(path)
        weights = try SafetensorsFile(path: "\(path)/model.safetensors")
        digest = try Self.digest(path)
    }

    // MARK: - configuration

    private struct Config: Decodable {
        let model_type: String
        let hidden_act: String
        let position_embedding_type: String?
        let hidden_size: Int
        let num_hidden_layers: Int
        let num_attention_heads: Int
        let intermediate_size: Int
        let vocab_size: Int
        let max_position_embeddings: Int
        let type_vocab_size: Int
        let layer_norm_eps: Double
    }

    private struct Module: Decodable {
        let path: String
        let type: String
    }

    private struct SentenceConfig: Decodable {
        let max_seq_length: Int?
    }

    private static func readConfiguration(_ path: String) throws(ModelError) -> BertConfiguration {
        let file = "\(path)/config.json"
        let config = try JSONFile.read(Config.self, file)
        try require(config.model_type == "bert", file, "model_type", config.model_type, "bert")
        try require(config.hidden_act == "gelu", file, "hidden_act", config.hidden_act, "gelu")
        let positions = config.position_embedding_type ?? "absolute"
        try require(positions == "absolute", file, "position_embedding_type", positions, "absolute")
        let sizes = [
            ("hidden_size", config.hidden_size), ("num_hidden_layers", config.num_hidden_layers),
            ("num_attention_heads", config.num_attention_heads), ("intermediate_size", config.intermediate_size),
            ("vocab_size", config.vocab_size), ("max_position_embeddings", config.max_position_embeddings),
            ("type_vocab_size", config.type_vocab_size),
        ]
        for (key, size) in sizes where size < 1 || size > 1 << 24 {
            throw .damaged(file: file, at: key, reason: "\(size) is no size")
        }
        guard config.hidden_size % config.num_attention_heads == 0 else {
            throw .damaged(
                file: file, at: "hidden_size",
                reason: "\(config.hidden_size) does not divide into \(config.num_attention_heads) heads")
        }
        guard config.layer_norm_eps > 0, config.layer_norm_eps < 1 else {
            throw .damaged(file: file, at: "layer_norm_eps", reason: "\(config.layer_norm_eps) is not within (0, 1)")
        }
        let isNormalized = try readModules(path)
        let sentence = try JSONFile.readIfPresent(SentenceConfig.self, "\(path)/sentence_bert_config.json")
        let tokensMax = min(sentence?.max_seq_length ?? config.max_position_embeddings, config.max_position_embeddings)
        guard tokensMax >= 2 else {
            throw .damaged(
                file: "\(path)/sentence_bert_config.json", at: "max_seq_length",
                reason: "\(tokensMax) leaves no room between CLS and SEP")
        }
        return BertConfiguration(
            width: config.hidden_size, layers: config.num_hidden_layers, heads: config.num_attention_heads,
            innerWidth: config.intermediate_size, vocabulary: config.vocab_size,
            positions: config.max_position_embeddings, types: config.type_vocab_size,
            epsilon: Float(config.layer_norm_eps), tokensMax: tokensMax, isNormalized: isNormalized)
    }

    // Transformer, Pooling and perhaps Normalize, in this order; tells whether there is a Normalize.
    private static func readModules(_ path: String) throws(ModelError) -> Bool {
        let file = "\(path)/modules.json"
        let modules = try JSONFile.read([Module].self, file)
        let names = modules.map { String($0.type.split(separator: ".").last ?? "") }
        let supported = [["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]]
        try require(
            supported.contains(names), file, "the list of modules", names.joined(separator: ", "),
            "Transformer, Pooling and optionally Normalize")
        let paths = modules.map(\.path)
        try require(
            paths.starts(with: ["", "1_Pooling"]), file, "the modules' paths", "\(paths)", "\(["", "1_Pooling"]) first")
        let poolingFile = "\(path)/1_Pooling/config.json"
        let pooling = try JSONFile.read([String: PoolingValue].self, poolingFile)
        let modes = pooling.compactMap { key, value in
            if case .mode(true) = value, key.hasPrefix("pooling_mode_") { key } else { nil }
        }
        try require(
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

    private static func require(
        _ holds: Bool, _ file: String, _ key: String, _ found: String, _ supported: String
    ) throws(ModelError) {
        if !holds { throw .unsupported(file: file, key: key, found: found, supported: supported) }
    }

    // MARK: - digest

    // Name, size and bytes of each file, so that no two folders give the same stream. Size -1 is "not there".
    private static func digest(_ path: String) throws(ModelError) -> Scoring.Digest {
        var parts: [(name: String, file: MappedFile?)] = []
        for name in digestedFiles {
            let file = "\(path)/\(name)"
            parts.append((name, FileManager.default.fileExists(atPath: file) ? try MappedFile(path: file) : nil))
        }
        return Scoring.Digest { hash in
            for (name, file) in parts {
                hash.update(data: Array("\(name) \(file?.count ?? -1)\n".utf8))
                file?.withBytes { hash.update(bufferPointer: $0) }
            }
        }
    }
}
