package import Kernels
import ModelFiles

/// The four products of one layer. What reads the same input is one product: three times as wide is faster than three.
package struct Qwen3Products: Sendable {
    let queriesKeysValues: MatrixMultiply
    let attentionOutput: MatrixMultiply
    let gateUp: MatrixMultiply
    let down: MatrixMultiply

    /// How the four are computed, and of which tensors each is made, one below the other.
    package struct Plans: Sendable {
        package let all: [(name: String, plan: ProductPlan, tensors: [String])]

        package init(
            _ sizes: Qwen3Configuration, precision: Precision, backend: MatrixMultiply.Backend
        ) throws(KernelError) {
            let queries = sizes.queryHeads * sizes.headWidth
            var all: [(name: String, plan: ProductPlan, tensors: [String])] = []
            for (name, inputs, outputs, tensors) in [
                ("queries_keys_values", sizes.width, sizes.attentionWidth, ["q_proj", "k_proj", "v_proj"]),
                ("attention_output", queries, sizes.width, ["o_proj"]),
                ("gate_up", sizes.width, 2 * sizes.innerWidth, ["gate_proj", "up_proj"]),
                ("down", sizes.innerWidth, sizes.width, ["down_proj"]),
            ] {
                let shape = ProductShape(inputs: inputs, outputs: outputs, precision: precision)
                let block = tensors[0] == "q_proj" || tensors[0] == "o_proj" ? "self_attn" : "mlp"
                all.append((name, try .plan(for: shape, backend: backend), tensors.map { "\(block).\($0).weight" }))
            }
            self.all = all
        }

        /// Bytes of one layer, packed.
        var bytes: Int { all.reduce(0) { $0 + $1.plan.packedBytes } }

        /// Names of what computes, each once.
        var numerics: String { Set(all.map(\.plan.numerics)).sorted().joined(separator: "+") }

        /// Parts of all layers, in order.
        func parts(layers: Int) -> [PackedWeights.Part] {
            (0..<layers).flatMap { layer in
                all.map { PackedWeights.Part(name: "layers.\(layer).\($0.name)", plan: $0.plan) }
            }
        }

        /// Reads and packs one part of `parts`.
        func pack(_ part: Int, from folder: Qwen3Folder) throws(ModelError) -> PackedBytes {
            let (_, plan, tensors) = all[part % all.count]
            var weight: [Float] = []
            weight.reserveCapacity(plan.shape.inputs * plan.shape.outputs)
            for tensor in tensors {
                weight += try folder.floats("layers.\(part / all.count).\(tensor)")
            }
            do throws(KernelError) {
                return try plan.pack(weight)
            } catch { throw .kernel(error) }
        }

        /// One layer's products of its parts.
        func products(_ parts: ArraySlice<PackedBytes>) throws(ModelError) -> Qwen3Products {
            do throws(KernelError) {
                var made: [MatrixMultiply] = []
                for (plan, packed) in zip(all, parts) {
                    made.append(try MatrixMultiply(plan: plan.plan, packed: packed))
                }
                return Qwen3Products(
                    queriesKeysValues: made[0], attentionOutput: made[1], gateUp: made[2], down: made[3])
            } catch { throw .kernel(error) }
        }
    }
}
