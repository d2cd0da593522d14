package import ModelFiles

/// What follows the encoder in `modules.json`: pooling, dense layers, normalisation, in this order.
package struct PipelineModules: Sendable, Equatable {
    /// How the states of a text's tokens become one vector.
    package enum Pooling: String, Sendable {
        /// The state of the first token.
        case cls
        /// The mean of all states.
        case mean
        /// The state of the last token.
        case last
    }

    /// Which states count.
    package let pooling: Pooling
    /// Folder of the pooling's configuration.
    package let poolingPath: String
    /// Whether the prompt's tokens count in the mean.
    package let includesPrompt: Bool
    /// Folders of the dense layers, in order.
    package let dense: [String]
    /// Whether the vector is divided by its L2 norm in the end.
    package let isNormalized: Bool

    /// Reads `modules.json` and the pooling's configuration. Throws `unsupported` for another chain.
    package init(folder: String) throws(ModelError) {
        let file = "\(folder)/modules.json"
        let modules = try FolderModule.list(folder: folder)
        let names = modules.map(\.name)
        let middle = names.dropFirst(2).prefix { $0 == "Dense" }
        let rest = Array(names.dropFirst(2 + middle.count))
        try ModelError.require(
            names.starts(with: ["Transformer", "Pooling"]) && (rest.isEmpty || rest == ["Normalize"]), file,
            "the list of modules", names.joined(separator: ", "),
            "Transformer, Pooling, any number of Dense, and optionally Normalize")
        for module in modules.dropFirst() { try module.requireOwnFolder(file) }
        try ModelError.require(modules[0].path.isEmpty, file, "the first module's path", modules[0].path, "\"\"")
        poolingPath = modules[1].path
        let config = try PoolingConfig(file: "\(folder)/\(poolingPath)/config.json")
        pooling = config.pooling
        includesPrompt = config.includesPrompt
        dense = modules.dropFirst(2).prefix(middle.count).map(\.path)
        isNormalized = !rest.isEmpty
    }

    /// Files of the modules that can change an answer, below the model's folder.
    var files: [String] {
        ["\(poolingPath)/config.json"] + dense.flatMap { ["\($0)/config.json", "\($0)/model.safetensors"] }
    }
}

/// `config.json` of a Pooling module, as all versions of sentence-transformers write it: a flag by mode, or the modes'
/// names.
private struct PoolingConfig {
    let pooling: PipelineModules.Pooling
    let includesPrompt: Bool

    private enum Value: Decodable {
        case flag(Bool)
        case name(String)
        case names([String])
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let name = try? container.decode(String.self) {
                self = .name(name)
            } else if let names = try? container.decode([String].self) {
                self = .names(names)
            } else {
                self = .other
            }
        }
    }

    init(file: String) throws(ModelError) {
        let values = try JSONFile.read([String: Value].self, file)
        var modes: [String] = []
        for (key, value) in values {
            switch value {
            case .flag(true) where key.hasPrefix("pooling_mode_"):
                modes.append(String(key.dropFirst("pooling_mode_".count)))
            case .name(let name) where key == "pooling_mode": modes.append(name)
            case .names(let names) where key == "pooling_mode": modes += names
            default: break
            }
        }
        let known: [String: PipelineModules.Pooling] = [
            "cls": .cls, "cls_token": .cls, "mean": .mean, "mean_tokens": .mean, "lasttoken": .last,
        ]
        guard modes.count == 1, let pooling = known[modes[0]] else {
            throw .unsupported(
                file: file, key: "pooling", found: modes.sorted().joined(separator: " + "),
                supported:
                    "pooling_mode_cls_token, pooling_mode_mean_tokens or pooling_mode_lasttoken, one of them alone")
        }
        self.pooling = pooling
        if case .flag(false) = values["include_prompt"] { includesPrompt = false } else { includesPrompt = true }
    }
}
