package import Kernels
import ModelFiles

/// The four products of one Qwen3 layer. What reads the same input is one product: three times as wide is faster than three.
package struct Qwen3Products: Sendable {
    let queriesKeysValues: MatrixMultiply
    let attentionOutput: MatrixMultiply
    let gateUp: MatrixMultiply
    let down: MatrixMultiply

    /// How the four are computed, for all layers. Throws when a library refuses a shape.
    package static func plans(
        _ sizes: Qwen3Configuration, precision: Precision, backend: MatrixMultiply.Backend
    ) throws(KernelError) -> LayerProductPlans {
        func part(
            _ name: String, _ inputs: Int, _ outputs: Int, _ tensors: [String]
        ) throws(KernelError) -> LayerProductPlans.Part {
            let shape = ProductShape(inputs: inputs, outputs: outputs, precision: precision)
            return LayerProductPlans.Part(
                name: name, plan: try .plan(for: shape, backend: backend), tensors: tensors)
        }
        let (width, inner) = (sizes.width, sizes.innerWidth)
        return LayerProductPlans(
            [
                try part(
                    "queries_keys_values", width, sizes.attentionWidth, ["q", "k", "v"].map { "self_attn.\($0)_proj" }),
                try part("attention_output", sizes.queryHeads * sizes.headWidth, width, ["self_attn.o_proj"]),
                try part("gate_up", width, 2 * inner, ["mlp.gate_proj", "mlp.up_proj"]),
                try part("down", inner, width, ["mlp.down_proj"]),
            ], prefix: "layers.")
    }

    /// The products of one layer, of its packed parts. Throws `kernel`.
    init(layer: Int, of plans: LayerProductPlans, _ packed: PackedWeights) throws(ModelError) {
        let made = try plans.products(layer: layer, packed) { _ in nil }
        (queriesKeysValues, attentionOutput, gateUp, down) = (made[0], made[1], made[2], made[3])
    }
}
