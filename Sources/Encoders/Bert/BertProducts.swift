package import Kernels
import ModelFiles

/// The four products of one BERT layer. What reads the same input is one product: three times as wide is faster than three.
package struct BertProducts: Sendable {
    let queriesKeysValues: MatrixMultiply
    let attentionOutput: MatrixMultiply
    let inner: MatrixMultiply
    let outer: MatrixMultiply

    /// How the four are computed, for all layers. Throws when a library refuses a shape.
    package static func plans(
        _ sizes: BertConfiguration, precision: Precision, backend: MatrixMultiply.Backend
    ) throws(KernelError) -> LayerProductPlans {
        func part(
            _ name: String, _ inputs: Int, _ outputs: Int, _ tensors: [String],
            activation: MatrixMultiply.Activation = .none
        ) throws(KernelError) -> LayerProductPlans.Part {
            let shape = ProductShape(
                inputs: inputs, outputs: outputs, precision: precision, hasBias: true, activation: activation)
            return LayerProductPlans.Part(
                name: name, plan: try .plan(for: shape, backend: backend), tensors: tensors)
        }
        let (width, inner) = (sizes.width, sizes.innerWidth)
        return LayerProductPlans(
            [
                try part(
                    "queries_keys_values", width, 3 * width, ["query", "key", "value"].map { "attention.self.\($0)" }),
                try part("attention_output", width, width, ["attention.output.dense"]),
                try part("inner", width, inner, ["intermediate.dense"], activation: .gelu),
                try part("outer", inner, width, ["output.dense"]),
            ], prefix: "encoder.layer.")
    }

    /// The products of one layer, of its packed parts and its biases. Throws what is wrong with a bias, and `kernel`.
    init(
        layer: Int, of plans: LayerProductPlans, _ packed: PackedWeights, from tensors: BertTensors
    ) throws(ModelError) {
        let made = try plans.products(layer: layer, packed) { (part) throws(ModelError) in
            let size = part.plan.shape.outputs / part.tensors.count
            var bias: [Float] = []
            for name in part.tensors {
                bias += try tensors.floats("\(plans.prefix(of: layer))\(name).bias", Shape(size))
            }
            return bias
        }
        (queriesKeysValues, attentionOutput, inner, outer) = (made[0], made[1], made[2], made[3])
    }
}
