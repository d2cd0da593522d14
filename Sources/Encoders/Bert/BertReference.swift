import Kernels
public import ModelFiles

/// A slow and simple version of the encoder, in double precision. Tests compare `BertEncoder` with it.
///
/// It reads the folder like the fast one, so a mistake in reading shows in comparison with the goldens, not with this.
public struct BertReference {
    private let tensors: BertTensors

    /// Reads nothing yet.
    public init(folder: SentenceTransformerFolder) {
        tensors = BertTensors(folder.checkpoint)
    }

    /// The embedding of one sequence of token ids, (C). Throws as `BertEncoder.init` does. Cost: seconds for MiniLM.
    public func encode(_ ids: [Int32]) throws(ModelError) -> [Double] {
        let sizes = tensors.configuration
        let width = sizes.width
        var x = try embed(ids)
        for index in 0..<sizes.layers {
            let prefix = "encoder.layer.\(index)."
            let parts = try ["query", "key", "value"].map { (name) throws(ModelError) in
                try linear(x, "\(prefix)attention.self.\(name)", width, width)
            }
            var joined: [Double] = []
            for row in 0..<ids.count {
                for part in parts { joined += part[row * width..<(row + 1) * width] }
            }
            let context = ReferenceKernels.attention(joined, heads: sizes.heads, headWidth: sizes.headWidth)
            let attended = try linear(context, "\(prefix)attention.output.dense", width, width)
            x = try norm(sum(x, attended), "\(prefix)attention.output.LayerNorm")
            let inner = try linear(x, "\(prefix)intermediate.dense", width, sizes.innerWidth)
            let outer = try linear(ReferenceKernels.gelu(inner), "\(prefix)output.dense", sizes.innerWidth, width)
            x = try norm(sum(x, outer), "\(prefix)output.LayerNorm")
        }
        let mean = (0..<width).map { c in
            (0..<ids.count).reduce(0.0) { $0 + x[$1 * width + c] } / Double(ids.count)
        }
        guard sizes.isNormalized else { return mean }
        let length = max(mean.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        return mean.map { $0 / length }
    }

    private func embed(_ ids: [Int32]) throws(ModelError) -> [Double] {
        let sizes = tensors.configuration
        let width = sizes.width
        let wordEmbeddings = try tensors.floats("embeddings.word_embeddings.weight", Shape(sizes.vocabulary, width))
        let positions = try tensors.floats("embeddings.position_embeddings.weight", Shape(sizes.positions, width))
        let types = try tensors.floats("embeddings.token_type_embeddings.weight", Shape(sizes.types, width))
        var x: [Double] = []
        let rows = sizes.positionRows(ids, places: Array(ids.indices))
        for (position, id) in zip(rows, ids) {
            for c in 0..<width {
                x.append(
                    Double(wordEmbeddings[Int(id) * width + c]) + Double(types[c])
                        + Double(positions[position * width + c]))
            }
        }
        return try norm(x, "embeddings.LayerNorm")
    }

    private func linear(_ x: [Double], _ name: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> [Double] {
        ReferenceKernels.linear(
            x, weight: try tensors.floats("\(name).weight", Shape(outputs, inputs)),
            bias: try tensors.floats("\(name).bias", Shape(outputs)), inputs: inputs, outputs: outputs)
    }

    private func norm(_ x: [Double], _ name: String) throws(ModelError) -> [Double] {
        let width = tensors.configuration.width
        return ReferenceKernels.layerNorm(
            x, weight: try tensors.floats("\(name).weight", Shape(width)),
            bias: try tensors.floats("\(name).bias", Shape(width)), epsilon: Double(tensors.configuration.epsilon))
    }

    private func sum(_ x: [Double], _ y: [Double]) -> [Double] { zip(x, y).map { $0 + $1 } }
}
