package import ModelFiles

// Reads BERT's configuration from the files of a model folder.
extension BertConfiguration {
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
        let pad_token_id: Int?
        let layer_norm_eps: Double
    }

    private struct SentenceConfig: Decodable {
        let max_seq_length: Int?
    }

    /// Reads `config.json` and, for the longest sequence, `sentence_bert_config.json` of a folder. `isNormalized` is
    /// called after them.
    ///
    /// Throws `unreadable`, `damaged` for a size that is none, and `unsupported` for what is not computed here: anything
    /// but BERT and XLM-RoBERTa with GELU by the error function and absolute positions.
    package init(folder path: String, isNormalized: () throws(ModelError) -> Bool) throws(ModelError) {
        let file = "\(path)/config.json"
        let config = try JSONFile.read(Config.self, file)
        let families = ["bert", "xlm-roberta"]
        try ModelError.require(
            families.contains(config.model_type), file, "model_type", config.model_type,
            families.joined(separator: " or "))
        try ModelError.require(config.hidden_act == "gelu", file, "hidden_act", config.hidden_act, "gelu")
        let kind = config.position_embedding_type ?? "absolute"
        try ModelError.require(kind == "absolute", file, "position_embedding_type", kind, "absolute")
        try Self.check(config, file)
        let sentenceFile = "\(path)/sentence_bert_config.json"
        let sentence = try JSONFile.readIfPresent(SentenceConfig.self, sentenceFile)
        let firstPosition = try Self.firstPosition(config, file)
        let positions = config.max_position_embeddings - firstPosition
        let tokensMax = min(sentence?.max_seq_length ?? positions, positions)
        guard tokensMax >= 2 else {
            throw .damaged(
                file: sentenceFile, at: "max_seq_length", reason: "\(tokensMax) leaves no token between CLS and SEP")
        }
        self.init(
            width: config.hidden_size, layers: config.num_hidden_layers, heads: config.num_attention_heads,
            innerWidth: config.intermediate_size, vocabulary: config.vocab_size,
            positions: config.max_position_embeddings, types: config.type_vocab_size,
            epsilon: Float(config.layer_norm_eps), tokensMax: tokensMax,
            firstPosition: firstPosition, isNormalized: try isNormalized())
    }

    // XLM-RoBERTa counts positions from one past the padding's.
    private static func firstPosition(_ config: Config, _ file: String) throws(ModelError) -> Int {
        guard config.model_type == "xlm-roberta" else { return 0 }
        let padding = config.pad_token_id ?? 1
        guard padding >= 0, padding < config.max_position_embeddings, padding < config.vocab_size else {
            throw .damaged(file: file, at: "pad_token_id", reason: "\(padding) is no token with a position")
        }
        return padding + 1
    }

    private static func check(_ config: Config, _ file: String) throws(ModelError) {
        let sizes = [
            ("hidden_size", config.hidden_size), ("num_hidden_layers", config.num_hidden_layers),
            ("num_attention_heads", config.num_attention_heads), ("intermediate_size", config.intermediate_size),
            ("vocab_size", config.vocab_size), ("max_position_embeddings", config.max_position_embeddings),
            ("type_vocab_size", config.type_vocab_size),
        ]
        for (key, size) in sizes where size < 1 || size > 1 << 24 {
            throw .damaged(file: file, at: key, reason: "\(size) is not a possible size")
        }
        guard config.hidden_size % config.num_attention_heads == 0 else {
            throw .damaged(
                file: file, at: "hidden_size",
                reason: "\(config.hidden_size) does not divide into \(config.num_attention_heads) heads")
        }
        guard config.layer_norm_eps > 0, config.layer_norm_eps < 1 else {
            throw .damaged(file: file, at: "layer_norm_eps", reason: "\(config.layer_norm_eps) is not within (0, 1)")
        }
    }
}
