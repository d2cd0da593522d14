import Kernels

/// The weights of one encoder layer, packed: attention and its residual norm, feed-forward pair and its residual norm.
struct BertLayer: Sendable {
    private let queriesKeysValues: MatrixMultiply
    private let attentionOutput: MatrixMultiply
    private let attentionNorm: Normalization
    private let inner: MatrixMultiply
    private let outer: MatrixMultiply
    private let outerNorm: Normalization

    /// Reads layer `index` of a checkpoint. Throws `tensorMissing`, `tensorShape`, `tensorType` and `kernel`.
    init(
        _ index: Int, of tensors: BertTensors, backend: MatrixMultiply.Backend
    ) throws(ModelError) {
        let (width, innerWidth) = (tensors.configuration.width, tensors.configuration.innerWidth)
        let prefix = "encoder.layer.\(index)."
        // One product of three times the width is faster than three, and the parts lie as attention wants them.
        var weight: [Float] = []
        var bias: [Float] = []
        for part in ["query", "key", "value"] {
            weight += try tensors.floats("\(prefix)attention.self.\(part).weight", Shape(width, width))
            bias += try tensors.floats("\(prefix)attention.self.\(part).bias", Shape(width))
        }
        do throws(KernelError) {
            queriesKeysValues = try MatrixMultiply(
                weightNK: weight, bias: bias, inputs: width, outputs: 3 * width, backend: backend)
        } catch { throw .kernel(error) }
        attentionOutput = try tensors.linear(
            "\(prefix)attention.output.dense", inputs: width, outputs: width, backend: backend)
        attentionNorm = try tensors.norm("\(prefix)attention.output.LayerNorm")
        inner = try tensors.linear(
            "\(prefix)intermediate.dense", inputs: width, outputs: innerWidth, activation: .gelu, backend: backend)
        outer = try tensors.linear("\(prefix)output.dense", inputs: innerWidth, outputs: width, backend: backend)
        outerNorm = try tensors.norm("\(prefix)output.LayerNorm")
    }

    /// What may change the last digit of this layer's result.
    var numerics: String {
        Set([queriesKeysValues, attentionOutput, inner, outer].map(\.numerics)).sorted().joined(separator: "+")
    }

    /// hidden (T, C) -> hidden (T, C), in place, on this thread.
    func apply(to workspace: BertWorkspace, starts: [Int]) throws(KernelError) {
        let rows = starts.last ?? 0
        let (hidden, wide, narrow) = (workspace.hiddenTC, workspace.wide, workspace.contextTC)
        try queriesKeysValues.apply(hidden, output: wide, rows: rows)
        workspace.attention.apply(wide, starts: starts, context: narrow)
        try attentionOutput.apply(narrow, output: workspace.updateTC, rows: rows)
        attentionNorm.apply(to: hidden, adding: workspace.updateTC, rows: rows)
        try inner.apply(hidden, output: wide, rows: rows)
        try outer.apply(wide, output: workspace.updateTC, rows: rows)
        outerNorm.apply(to: hidden, adding: workspace.updateTC, rows: rows)
    }
}

/// The buffers that one thread needs for a run of sequences.
final class BertWorkspace: @unchecked Sendable {
    // Sendable because an encoder gives each workspace to one thread at a time.
    let hiddenTC: FloatBuffer
    let wide: FloatBuffer
    let contextTC: FloatBuffer
    let updateTC: FloatBuffer
    let attention: Attention

    /// Room for `tokensMax` tokens in sequences of up to `configuration.positions`.
    init(_ configuration: BertConfiguration, tokensMax: Int) {
        let rows = MatrixMultiply.rowsRoundedUp(tokensMax)
        let width = configuration.width
        hiddenTC = FloatBuffer(count: rows * width)
        wide = FloatBuffer(count: rows * max(3 * width, configuration.innerWidth))
        contextTC = FloatBuffer(count: rows * width)
        updateTC = FloatBuffer(count: rows * width)
        attention = Attention(
            heads: configuration.heads, headWidth: configuration.headWidth, lengthMax: configuration.tokensMax)
    }
}
