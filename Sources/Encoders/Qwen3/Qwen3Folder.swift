import Crypto
import Kernels
public import ModelFiles
public import Scoring

/// A Qwen3 encoder as Hugging Face keeps it: `config.json` and weights in one file or in shards.
///
/// Every tensor is checked by name and shape when the folder is opened; no tensor may be missing and none may be extra.
public struct Qwen3Folder: Sendable {
    /// Path, as given.
    public let path: String
    /// Sizes.
    public let configuration: Qwen3Configuration
    /// The tensors.
    public let checkpoint: Checkpoint
    // Base models have everything under `model.`, embedding models do not.
    private let prefix: String

    /// Reads a folder. Throws `unreadable`, `damaged`, `unsupported`, `tensorMissing`, `tensorShape` and `tensorType`.
    /// Cost: the headers; the weights are mapped, not read.
    public init(path: String) throws(ModelError) {
        self.path = path
        configuration = try Qwen3Configuration(path: "\(path)/config.json")
        checkpoint = try Checkpoint(folder: path)
        prefix = checkpoint.names.contains { $0.hasPrefix("model.") } ? "model." : ""
        try check()
    }

    /// SHA-256 over configuration and weights: everything here that can change a state. Cost: reading the weights.
    public func digest() throws(ModelError) -> Scoring.Digest {
        let config = try MappedFile(path: "\(path)/config.json")
        return Scoring.Digest { hash in
            config.withBytes { hash.update(bufferPointer: $0) }
            checkpoint.hash(into: &hash)
        }
    }

    /// A tensor by the name that Qwen3-Embedding has for it, of whatever shape. Throws as `Checkpoint.floats` does.
    func floats(_ name: String) throws(ModelError) -> [Float] {
        try checkpoint.floats(prefix + name)
    }

    /// A tensor by the name that Qwen3-Embedding has for it. Throws as `Checkpoint.floats` does.
    func floats(_ name: String, _ shape: Shape) throws(ModelError) -> [Float] {
        try checkpoint.floats(prefix + name, shape: shape)
    }

    /// One row a token id, `(vocabulary, C)`.
    package func embedding() throws(ModelError) -> TensorTable {
        try checkpoint.table(
            prefix + "embed_tokens.weight", shape: Shape(configuration.vocabulary, configuration.width))
    }

    /// Names, without prefix, and shapes of all tensors that the configuration implies.
    private var expected: [(name: String, shape: Shape)] {
        let sizes = configuration
        let (width, head) = (sizes.width, sizes.headWidth)
        let (queries, keys) = (sizes.queryHeads * head, sizes.keyHeads * head)
        var tensors = [
            ("embed_tokens.weight", Shape(sizes.vocabulary, width)), ("norm.weight", Shape(width)),
        ]
        for layer in 0..<sizes.layers {
            tensors += [
                ("input_layernorm", Shape(width)), ("post_attention_layernorm", Shape(width)),
                ("self_attn.q_proj", Shape(queries, width)), ("self_attn.k_proj", Shape(keys, width)),
                ("self_attn.v_proj", Shape(keys, width)), ("self_attn.o_proj", Shape(width, queries)),
                ("self_attn.q_norm", Shape(head)), ("self_attn.k_norm", Shape(head)),
                ("mlp.gate_proj", Shape(sizes.innerWidth, width)), ("mlp.up_proj", Shape(sizes.innerWidth, width)),
                ("mlp.down_proj", Shape(width, sizes.innerWidth)),
            ].map { ("layers.\(layer).\($0.0).weight", $0.1) }
        }
        return tensors
    }

    private func check() throws(ModelError) {
        var known: Set<String> = []
        for (name, shape) in expected {
            try checkpoint.check(prefix + name, shape: shape)
            known.insert(prefix + name)
        }
        // The head of a language model is no part of an encoder; checkpoints that have one are usable all the same.
        known.insert("lm_head.weight")
        if let extra = checkpoint.names.filter({ !known.contains($0) }).min() {
            throw .unsupported(
                file: checkpoint.path(of: extra), key: "tensor \(extra)", found: "in the file",
                supported: "the tensors that \(path)/config.json implies and no others")
        }
    }
}
