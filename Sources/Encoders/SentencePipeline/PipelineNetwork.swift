import Kernels
package import ModelFiles
import Scoring

/// The network of a chain of modules, as its folder has it: BERT, XLM-RoBERTa or Qwen3.
package enum PipelineNetwork: Sendable {
    /// BERT or XLM-RoBERTa.
    case bert(BertCheckpoint)
    /// Qwen3, as in Qwen3-Embedding; `digest` is that of its weights.
    case qwen3(Qwen3Folder, tokensMax: Int, digest: LazyDigest)

    /// Tokens that Qwen3 reads at once at most, whatever the folder says. A longer text is read in windows, because the cost
    /// of attention grows with the square of the length.
    static let qwen3TokensMax = 2048

    private struct Config: Decodable { let model_type: String? }
    private struct SentenceConfig: Decodable { let max_seq_length: Int? }

    /// Whether a folder's `config.json` is of Qwen3.
    static func isQwen3(_ folder: String) throws(ModelError) -> Bool {
        try JSONFile.readIfPresent(Config.self, "\(folder)/config.json")?.model_type == "qwen3"
    }

    /// Reads a folder's configuration and the headers of its weights. `digest` is that of every file that can change an
    /// answer but Qwen3's weights, which this adds. Throws what is wrong with a file.
    static func read(
        _ path: String, digest files: LazyDigest
    ) throws(ModelError) -> (network: PipelineNetwork, digest: LazyDigest) {
        guard try isQwen3(path) else {
            // Normalisation is the chain's last step here, not the encoder's.
            let configuration = try BertConfiguration(folder: path) { () throws(ModelError) in false }
            let checkpoint = BertCheckpoint(
                folder: path, configuration: configuration,
                weights: try SafetensorsFile(path: "\(path)/model.safetensors"), digest: files)
            return (.bert(checkpoint), files)
        }
        let folder = try Qwen3Folder(path: path)
        let weights = LazyDigest { () throws(ModelError) in try folder.digest() }
        let file = "\(path)/sentence_bert_config.json"
        let asked = try JSONFile.readIfPresent(SentenceConfig.self, file)?.max_seq_length ?? qwen3TokensMax
        guard asked >= 2 else {
            throw .damaged(file: file, at: "max_seq_length", reason: "\(asked) leaves no token beside the special ones")
        }
        return (
            .qwen3(
                folder, tokensMax: min(asked, folder.configuration.positions, qwen3TokensMax), digest: weights),
            LazyDigest { () throws(ModelError) in
                Digest(of: "\(try files.value().hex)\n\(try weights.value().hex)")
            }
        )
    }

    /// Tokens of a window.
    var tokensMax: Int {
        switch self {
        case .bert(let checkpoint): checkpoint.configuration.tokensMax
        case .qwen3(_, let tokensMax, _): tokensMax
        }
    }

    /// Number of token ids.
    var vocabulary: Int {
        switch self {
        case .bert(let checkpoint): checkpoint.configuration.vocabulary
        case .qwen3(let folder, _, _): folder.configuration.vocabulary
        }
    }

    /// Maps and packs the weights. Throws what is wrong with them, and `doesNotFit` before memory is allocated.
    func load(threads: Int, precision: Precision) throws(ModelError) -> any StateNetwork {
        switch self {
        case .bert(let checkpoint):
            return try BertEncoder(checkpoint, threads: threads, precision: precision, packedIn: .besideWeights)
        case .qwen3(let folder, let tokensMax, let digest):
            let memory = try Qwen3Encoder.memory(
                folder.configuration, embeddingBytes: folder.embedding().bytesPerValue, tokensMax: tokensMax,
                threads: threads, precision: precision)
            let needed = memory.embedding + memory.packedWeights + memory.tables + memory.workingSet
            if let available = AvailableMemory.bytes(), needed > available {
                throw .doesNotFit(
                    folder: folder.path, needed: needed, available: available,
                    advice: precision == .float32
                        ? "try --precision bfloat16, or a machine with more memory" : "use a machine with more memory")
            }
            return try Qwen3Encoder(
                folder: folder, tokensMax: tokensMax, threads: threads, precision: precision, digest: digest.value())
        }
    }
}
