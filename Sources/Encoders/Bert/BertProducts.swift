package import Kernels
import ModelFiles

/// The four products of one BERT layer. What reads the same input is one product: three times as wide is faster than three.
package struct BertProducts: Sendable {
    let queriesKeysValues: MatrixMultiply
    let attentionOutput: MatrixMultiply
    let inner: MatrixMultiply
    let outer: MatrixMultiply

    /// How the four are computed, and of which tensors each is made, one below the other.
    package struct Plans: Sendable {
        package struct Part {
            package let name: String
            package let plan: ProductPlan
            let tensors: [String]
        }

        package let all: [Part]

        package init(
            _ sizes: BertConfiguration, precision: Precision, backend: MatrixMultiply.Backend
        ) throws(KernelError) {
            func part(
                _ name: String, _ inputs: Int, _ outputs: Int, _ tensors: [String],
                activation: MatrixMultiply.Activation = .none
            ) throws(KernelError) -> Part {
                let shape = ProductShape(
                    inputs: inputs, outputs: outputs, precision: precision, hasBias: true, activation: activation)
                return Part(name: name, plan: try .plan(for: shape, backend: backend), tensors: tensors)
            }
            let (width, inner) = (sizes.width, sizes.innerWidth)
            all = [
                try part(
                    "queries_keys_values", width, 3 * width, ["query", "key", "value"].map { "attention.self.\($0)" }),
                try part("attention_output", width, width, ["attention.output.dense"]),
                try part("inner", width, inner, ["intermediate.dense"], activation: .gelu),
                try part("outer", inner, width, ["output.dense"]),
            ]
        }

        /// Names of what computes, each once; norms and attention sum over as many floats at once as a vector has.
        var numerics: String {
            Set(all.map(\.plan.numerics)).sorted().joined(separator: "+") + "/" + Vectors.name
        }

        /// Parts of all layers, in order.
        func parts(layers: Int) -> [PackedWeights.Part] {
            (0..<layers).flatMap { layer in
                all.map { PackedWeights.Part(name: "encoder.layer.\(layer).\($0.name)", plan: $0.plan) }
            }
        }

        /// Reads and packs one part of `parts`.
        func pack(_ index: Int, from tensors: BertTensors) throws(ModelError) -> PackedBytes {
            let part = all[index % all.count]
            let layer = "encoder.layer.\(index / all.count)."
            let (inputs, outputs) = (part.plan.shape.inputs, part.plan.shape.outputs)
            var weight: [Float] = []
            weight.reserveCapacity(inputs * outputs)
            for name in part.tensors {
                weight += try tensors.floats("\(layer)\(name).weight", Shape(outputs / part.tensors.count, inputs))
            }
            do throws(KernelError) {
                return try part.plan.pack(weight)
            } catch { throw .kernel(error) }
        }

        /// Products of one layer, of its parts and its biases.
        func products(
            layer: Int, _ packed: PackedWeights, from tensors: BertTensors
        ) throws(ModelError) -> BertProducts {
            var made: [MatrixMultiply] = []
            for (index, part) in all.enumerated() {
                let size = part.plan.shape.outputs / part.tensors.count
                var bias: [Float] = []
                for name in part.tensors {
                    bias += try tensors.floats("encoder.layer.\(layer).\(name).bias", Shape(size))
                }
                do throws(KernelError) {
                    let bytes = packed.parts[layer * all.count + index]
                    made.append(try MatrixMultiply(plan: part.plan, packed: bytes, bias: bias))
                } catch { throw .kernel(error) }
            }
            return BertProducts(
                queriesKeysValues: made[0], attentionOutput: made[1], inner: made[2], outer: made[3])
        }
    }
}
