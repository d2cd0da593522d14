import Kernels
import ModelFiles

/// The weights of one layer, packed: attention along a row, attention along a column, and the feed-forward pair.
struct TabPFNLayer: Sendable {
    let featureQueriesKeysValues: MatrixMultiply
    let featureOutput: MatrixMultiply
    let itemQueriesKeysValues: MatrixMultiply
    /// The queries' part of the line above, for rows that attend to kept keys and values.
    let itemQueries: MatrixMultiply
    let itemOutput: MatrixMultiply
    let inner: MatrixMultiply
    let outer: MatrixMultiply

    init(_ index: Int, of tensors: TabPFNTensors, _ arithmetic: TabPFNArithmetic) throws(ModelError) {
        let c = tensors.configuration
        let (d, p) = (c.width, c.stride)
        let prefix = "transformer_encoder.layers.\(index)."
        func output(_ name: String) throws(ModelError) -> MatrixMultiply {
            // (h, d / h, d) as the checkpoint has it says what each channel of each head adds; a linear layer is the
            // other way round.
            let weight = try tensors.floats("\(prefix)\(name)._w_out")
            let turned = (0..<d * d).map { weight[$0 % d * d + $0 / d] }
            return try tensors.linear(turned, outputs: d, inputs: d, toOutputs: p, toInputs: p, arithmetic)
        }
        featureQueriesKeysValues = try tensors.linear(
            try tensors.floats("\(prefix)self_attn_between_features._w_qkv"), outputs: 3 * d, inputs: d,
            toOutputs: c.wideStride, toInputs: p, arithmetic)
        featureOutput = try output("self_attn_between_features")
        let item = try tensors.floats("\(prefix)self_attn_between_items._w_qkv")
        itemQueriesKeysValues = try tensors.linear(
            item, outputs: 3 * d, inputs: d, toOutputs: c.wideStride, toInputs: p, arithmetic)
        itemQueries = try tensors.linear(
            Array(item.prefix(d * d)), outputs: d, inputs: d, toOutputs: p, toInputs: p, arithmetic)
        itemOutput = try output("self_attn_between_items")
        let innerWidth = c.innerFactor * d
        inner = try tensors.linear(
            try tensors.floats("\(prefix)mlp.linear1.weight"), outputs: innerWidth, inputs: d,
            toOutputs: c.innerStride, toInputs: p, activation: .gelu, arithmetic)
        outer = try tensors.linear(
            try tensors.floats("\(prefix)mlp.linear2.weight"), outputs: d, inputs: innerWidth, toOutputs: p,
            toInputs: c.innerStride, arithmetic)
    }

    /// Names of what computes, each once.
    var numerics: Set<String> {
        Set(
            [
                featureQueriesKeysValues, featureOutput, itemQueriesKeysValues, itemQueries, itemOutput, inner, outer,
            ].map(\.numerics))
    }
}
