public import ModelFiles

/// Sizes of a Qwen3 encoder, as `config.json` states them. What this program does not compute is refused by its key.
public struct Qwen3Configuration: Sendable, Equatable {
    /// Channels of the hidden state, C.
    public let width: Int
    /// Layers.
    public let layers: Int
    /// Query heads, H.
    public let queryHeads: Int
    /// Heads of keys and values; each serves H / keyHeads query heads.
    public let keyHeads: Int
    /// Channels of one head, D; H · D need not be C.
    public let headWidth: Int
    /// Channels inside the feed-forward block, I.
    public let innerWidth: Int
    /// Number of token ids.
    public let vocabulary: Int
    /// Longest sequence that the model was made for.
    public let positions: Int
    /// ε of every RMSNorm.
    public let epsilon: Float
    /// Base of the rotary frequencies, θ.
    public let theta: Double

    /// Columns of the product that makes queries, keys and values at once.
    public var attentionWidth: Int { (queryHeads + 2 * keyHeads) * headWidth }

    private struct File: Decodable {
        let model_type: String
        let hidden_act: String
        let hidden_size: Int
        let num_hidden_layers: Int
        let num_attention_heads: Int
        let num_key_value_heads: Int
        let head_dim: Int?
        let intermediate_size: Int
        let vocab_size: Int
        let max_position_embeddings: Int
        let rms_norm_eps: Double
        let rope_theta: Double?
        let rope_scaling: Anything?
        let rope_parameters: Rope?
        let attention_bias: Bool?
        let use_sliding_window: Bool?
        let layer_types: [String]?
        let quantization_config: Anything?
    }

    // How later versions of transformers write θ.
    private struct Rope: Decodable {
        let rope_theta: Double?
        let rope_type: String?
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    /// Reads a `config.json`. Throws `unreadable`, `damaged` (a size that is none) and `unsupported`.
    public init(path: String) throws(ModelError) {
        let file = try JSONFile.read(File.self, path)
        try Self.checkChoices(file, path)
        width = file.hidden_size
        layers = file.num_hidden_layers
        queryHeads = file.num_attention_heads
        keyHeads = file.num_key_value_heads
        // The model's own default, whatever width and heads are.
        headWidth = file.head_dim ?? 128
        innerWidth = file.intermediate_size
        vocabulary = file.vocab_size
        positions = file.max_position_embeddings
        epsilon = Float(file.rms_norm_eps)
        guard let theta = file.rope_theta ?? file.rope_parameters?.rope_theta else {
            throw .damaged(file: path, at: "rope_theta", reason: "the key is missing")
        }
        self.theta = theta
        try checkSizes(path)
    }

    private static func checkChoices(_ file: File, _ path: String) throws(ModelError) {
        func require(_ holds: Bool, _ key: String, _ found: String, _ supported: String) throws(ModelError) {
            if !holds { throw .unsupported(file: path, key: key, found: found, supported: supported) }
        }
        try require(file.model_type == "qwen3", "model_type", file.model_type, "qwen3")
        try require(file.hidden_act == "silu", "hidden_act", file.hidden_act, "silu")
        try require(file.rope_scaling == nil, "rope_scaling", "given", "none")
        let rope = file.rope_parameters?.rope_type ?? "default"
        try require(rope == "default", "rope_parameters.rope_type", rope, "default")
        try require(file.attention_bias != true, "attention_bias", "true", "false")
        try require(file.use_sliding_window != true, "use_sliding_window", "true", "false")
        let kinds = Set(file.layer_types ?? []).subtracting(["full_attention"]).sorted()
        try require(kinds.isEmpty, "layer_types", kinds.joined(separator: ", "), "full_attention alone")
        try require(file.quantization_config == nil, "quantization_config", "given", "none")
    }

    private func checkSizes(_ path: String) throws(ModelError) {
        for (key, size) in [
            ("hidden_size", width), ("num_hidden_layers", layers), ("num_attention_heads", queryHeads),
            ("num_key_value_heads", keyHeads), ("head_dim", headWidth), ("intermediate_size", innerWidth),
            ("vocab_size", vocabulary), ("max_position_embeddings", positions),
        ] where size < 1 || size > 1 << 24 {
            throw .damaged(file: path, at: key, reason: "\(size) is not a possible size")
        }
        for (key, size) in [("hidden_size", width), ("head_dim", headWidth), ("intermediate_size", innerWidth)]
        where size % 16 != 0 {
            throw .unsupported(file: path, key: key, found: "\(size)", supported: "multiples of 16")
        }
        guard queryHeads % keyHeads == 0 else {
            throw .damaged(
                file: path, at: "num_key_value_heads", reason: "\(keyHeads) does not divide \(queryHeads) heads")
        }
        guard epsilon > 0, epsilon < 1 else {
            throw .damaged(file: path, at: "rms_norm_eps", reason: "\(epsilon) is not within (0, 1)")
        }
        guard theta > 1, theta.isFinite else {
            throw .damaged(file: path, at: "rope_theta", reason: "\(theta) is not above 1")
        }
    }
}
