package import Kernels
import ModelFiles

/// The products of one layer of a transformer: how each is computed, and of which tensors its weight is made, one below
/// the other. All layers of an encoder have the same.
package struct LayerProductPlans: Sendable {
    /// One product of the layer.
    package struct Part: Sendable {
        /// For the packed file.
        package let name: String
        /// How it is computed.
        package let plan: ProductPlan
        /// Names of its tensors below the layer's prefix, without `.weight`.
        package let tensors: [String]
    }

    /// In the order of computation.
    package let all: [Part]
    // What names of a layer's tensors start with: this, then the layer's index and a point.
    private let prefix: String

    init(_ all: [Part], prefix: String) {
        self.all = all
        self.prefix = prefix
    }

    /// Bytes of one layer, packed.
    var bytes: Int { all.reduce(0) { $0 + $1.plan.packedBytes } }

    /// Names of what computes, each once.
    var numerics: String { Set(all.map(\.plan.numerics)).sorted().joined(separator: "+") }

    /// What the names of one layer's tensors start with.
    func prefix(of layer: Int) -> String { "\(prefix)\(layer)." }

    /// Parts of all layers, in order.
    func parts(layers: Int) -> [PackedWeights.Part] {
        (0..<layers).flatMap { layer in
            all.map { PackedWeights.Part(name: prefix(of: layer) + $0.name, plan: $0.plan) }
        }
    }

    /// Packs one part of `parts`; `read` gives a tensor of a part by its name.
    func pack(
        _ index: Int, _ read: (String, Part) throws(ModelError) -> [Float]
    ) throws(ModelError) -> PackedBytes {
        let part = all[index % all.count]
        let layer = prefix(of: index / all.count)
        let (inputs, outputs) = (part.plan.shape.inputs, part.plan.shape.outputs)
        var weight: [Float] = []
        weight.reserveCapacity(inputs * outputs)
        for name in part.tensors {
            weight += try read("\(layer)\(name).weight", part)
        }
        do throws(KernelError) {
            return try part.plan.pack(weight)
        } catch { throw .kernel(error) }
    }

    /// Products of one layer, of its packed parts; `bias` gives the bias of a part, or `nil`.
    func products(
        layer: Int, _ packed: PackedWeights, bias: (Part) throws(ModelError) -> [Float]?
    ) throws(ModelError) -> [MatrixMultiply] {
        var made: [MatrixMultiply] = []
        for (index, part) in all.enumerated() {
            let bias = try bias(part)
            do throws(KernelError) {
                let bytes = packed.parts[layer * all.count + index]
                made.append(try MatrixMultiply(plan: part.plan, packed: bytes, bias: bias))
            } catch { throw .kernel(error) }
        }
        return made
    }
}
