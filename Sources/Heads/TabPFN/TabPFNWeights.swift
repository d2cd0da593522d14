import Kernels
import ModelFiles

/// All weights of a head, packed. Immutable.
struct TabPFNWeights: Sendable {
    let configuration: TabPFNConfiguration
    let arithmetic: TabPFNArithmetic
    let encoder: TableEncoder
    let layers: [TabPFNLayer]
    /// (T, d).
    let thinking: [Float]
    private let tensors: TabPFNTensors
    private let decoderInner: MatrixMultiply
    private let decoderOuter: MatrixMultiply

    init(_ tensors: TabPFNTensors, _ arithmetic: TabPFNArithmetic) throws(ModelError) {
        let c = tensors.configuration
        configuration = c
        self.arithmetic = arithmetic
        self.tensors = tensors
        encoder = try TableEncoder(tensors, arithmetic)
        var layers: [TabPFNLayer] = []
        for index in 0..<c.layers { layers.append(try TabPFNLayer(index, of: tensors, arithmetic)) }
        self.layers = layers
        thinking = c.thinkingRows > 0 ? try tensors.floats("add_thinking_tokens.row_token_values") : []
        let innerWidth = c.innerFactor * c.width
        decoderInner = try tensors.linear(
            try tensors.floats("decoder_dict.standard.0.weight"),
            bias: try tensors.floats("decoder_dict.standard.0.bias"), outputs: innerWidth, inputs: c.width,
            toOutputs: c.innerStride, toInputs: c.stride, activation: .gelu, arithmetic.exact)
        decoderOuter = try tensors.linear(
            try tensors.floats("decoder_dict.standard.2.weight"),
            bias: try tensors.floats("decoder_dict.standard.2.bias"), outputs: c.classes, inputs: innerWidth,
            toOutputs: TabPFNConfiguration.roundedUp(c.classes), toInputs: c.innerStride, arithmetic.exact)
    }

    /// One thinking row's vector.
    func thinkingRow(_ index: Int) -> [Float] {
        Array(thinking[index * configuration.width..<(index + 1) * configuration.width])
    }

    /// Projected column embeddings. Throws `tooManyColumns`.
    func positions(columns: Int, groups: Int) throws(TabPFNError) -> FloatBuffer {
        let embedding: [Float]?
        do throws(ModelError) {
            embedding = try tensors.columnEmbedding(groups: groups)
        } catch { throw .weights(error) }
        guard let embedding else {
            throw .tooManyColumns(found: columns, groups: groups, groupsMax: tensors.groupsMax)
        }
        return encoder.positions(embedding)
    }

    /// Logits of one token, in the first row of `token`, by way of a thread's own buffers.
    func decode(_ token: FloatBuffer) throws(KernelError) -> [Float] {
        let inner = FloatBuffer(count: MatrixMultiply.rowStep * configuration.innerStride)
        let outer = FloatBuffer(count: MatrixMultiply.rowStep * TabPFNConfiguration.roundedUp(configuration.classes))
        try decoderInner.apply(token, output: inner, rows: 1)
        try decoderOuter.apply(inner, output: outer, rows: 1)
        return outer.copy(0..<configuration.classes)
    }

    /// Everything that may change the last digit.
    var numerics: String {
        var names = encoder.numerics.union([decoderInner.numerics, decoderOuter.numerics])
        for layer in layers { names.formUnion(layer.numerics) }
        return "tabpfn/1 \(names.sorted().joined(separator: "+")) kv-\(arithmetic.keysValues.rawValue)"
    }
}
