import ModelFiles

/// The text that `config_sentence_transformers.json` wants before every query.
enum PipelinePrompt {
    private struct Config: Decodable {
        let prompts: [String: String]?
        let default_prompt_name: String?
    }

    /// The prompt that `default_prompt_name` names; without a name the one called `query`, because a prompt to be scored
    /// is a query; else none. Throws `damaged` for a name without a prompt.
    static func read(folder: String) throws(ModelError) -> String {
        let file = "\(folder)/config_sentence_transformers.json"
        guard let config = try JSONFile.readIfPresent(Config.self, file) else { return "" }
        guard let name = config.default_prompt_name else { return config.prompts?["query"] ?? "" }
        guard let prompt = config.prompts?[name] else {
            throw .damaged(file: file, at: "default_prompt_name", reason: "there is no prompt \(name)")
        }
        return prompt
    }
}

/// `do_lower_case` of `sentence_bert_config.json` asks the tokenizer to lower-case; this program reads that from the
/// tokenizer's own files.
enum PipelineLowerCasing {
    private struct Config: Decodable { let do_lower_case: Bool? }

    /// Throws `unsupported` if the folder asks for lower case and its tokenizer does not do it.
    static func check(folder: String) throws(ModelError) {
        let file = "\(folder)/sentence_bert_config.json"
        guard try JSONFile.readIfPresent(Config.self, file)?.do_lower_case == true else { return }
        let tokenizer = try JSONFile.readIfPresent(Config.self, "\(folder)/tokenizer_config.json")
        try ModelError.require(
            tokenizer?.do_lower_case != false, file, "do_lower_case", "true",
            "false, as in tokenizer_config.json, or true in both")
    }
}
