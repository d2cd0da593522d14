import Kernels
public import ModelFiles

/// The encoder written down the slow, obvious way, in double precision: what `Qwen3Encoder` is compared with.
///
/// It reads the folder like the fast one, so a mistake in reading shows against the goldens, not here.
public struct Qwen3Reference {
    private let folder: Qwen3Folder

    /// Reads nothing yet.
    public init(folder: Qwen3Folder) {
        self.folder = folder
    }

    /// The last hidden states of one sequence, (T, C). Throws as `Qwen3Folder` does. Cost: hours for a real model.
    public func encode(_ ids: [Int32]) throws(ModelError) -> [Double] {
        let sizes = folder.configuration
        var x = try embed(ids)
        for index in 0..<sizes.layers {
            let prefix = "layers.\(index)."
            let attended = try attention(try norm(x, "\(prefix)input_layernorm"), prefix, tokens: ids.count)
            x = zip(x, attended).map { $0 + $1 }
            let inner = try norm(x, "\(prefix)post_attention_layernorm")
            let gate = try linear(inner, "\(prefix)mlp.gate_proj", sizes.width, sizes.innerWidth)
            let up = try linear(inner, "\(prefix)mlp.up_proj", sizes.width, sizes.innerWidth)
            let gated = ReferenceKernels.swiGLU(gate: gate, up: up)
            x = zip(x, try linear(gated, "\(prefix)mlp.down_proj", sizes.innerWidth, sizes.width)).map { $0 + $1 }
        }
        return try norm(x, "norm")
    }

    private func attention(_ x: [Double], _ prefix: String, tokens: Int) throws(ModelError) -> [Double] {
        let sizes = folder.configuration
        let block = "\(prefix)self_attn."
        let queries = try heads(x, block, "q", count: sizes.queryHeads, isRotated: true)
        let keys = try heads(x, block, "k", count: sizes.keyHeads, isRotated: true)
        let values = try heads(x, block, "v", count: sizes.keyHeads, isRotated: false)
        var joined: [Double] = []
        for token in 0..<tokens {
            for part in [queries, keys, values] {
                let width = part.count / tokens
                joined += part[token * width..<(token + 1) * width]
            }
        }
        let context = ReferenceKernels.causalAttention(
            joined, queryHeads: sizes.queryHeads, keyHeads: sizes.keyHeads, headWidth: sizes.headWidth)
        return try linear(context, "\(block)o_proj", sizes.queryHeads * sizes.headWidth, sizes.width)
    }

    private func heads(
        _ x: [Double], _ block: String, _ letter: String, count: Int, isRotated: Bool
    ) throws(ModelError) -> [Double] {
        let sizes = folder.configuration
        let head = sizes.headWidth
        let made = try linear(x, "\(block)\(letter)_proj", sizes.width, count * head)
        guard isRotated else { return made }
        let normed = try norm(made, "\(block)\(letter)_norm", width: head)
        let frequencies = RotaryEmbedding.frequencies(headWidth: head, theta: sizes.theta)
        return (0..<normed.count / head).flatMap { index in
            ReferenceKernels.rotary(
                Array(normed[index * head..<(index + 1) * head]), position: index / count, frequencies: frequencies)
        }
    }

    private func embed(_ ids: [Int32]) throws(ModelError) -> [Double] {
        let sizes = folder.configuration
        let embedding = try folder.floats("embed_tokens.weight", Shape(sizes.vocabulary, sizes.width))
        return ids.flatMap { id in
            embedding[Int(id) * sizes.width..<(Int(id) + 1) * sizes.width].map(Double.init)
        }
    }

    private func linear(_ x: [Double], _ name: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> [Double] {
        ReferenceKernels.linear(
            x, weight: try folder.floats("\(name).weight", Shape(outputs, inputs)),
            bias: [Float](repeating: 0, count: outputs), inputs: inputs, outputs: outputs)
    }

    private func norm(_ x: [Double], _ name: String, width: Int? = nil) throws(ModelError) -> [Double] {
        ReferenceKernels.rmsNorm(
            x, weight: try folder.floats("\(name).weight", Shape(width ?? folder.configuration.width)),
            epsilon: Double(folder.configuration.epsilon))
    }
}
