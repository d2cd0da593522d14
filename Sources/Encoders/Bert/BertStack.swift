import Kernels
import ModelFiles

/// All weights of an encoder, packed, and the way through them: embeddings, layers, pooling. Immutable.
struct BertStack: Sendable {
    let configuration: BertConfiguration
    let numerics: String
    private let words: TensorTable
    private let positions: [Float]
    private let firstType: [Float]
    private let norm: Normalization
    private let layers: [BertLayer]

    init(_ tensors: BertTensors, plans: BertProducts.Plans, packed: PackedWeights) throws(ModelError) {
        configuration = tensors.configuration
        numerics = plans.numerics
        let width = configuration.width
        words = try tensors.table("embeddings.word_embeddings.weight", Shape(configuration.vocabulary, width))
        positions = try tensors.floats("embeddings.position_embeddings.weight", Shape(configuration.positions, width))
        let types = try tensors.floats("embeddings.token_type_embeddings.weight", Shape(configuration.types, width))
        // Sentences are of the first type throughout.
        firstType = Array(types.prefix(width))
        norm = try tensors.norm("embeddings.LayerNorm")
        var layers: [BertLayer] = []
        for index in 0..<configuration.layers {
            let products = try plans.products(layer: index, packed, from: tensors)
            layers.append(try BertLayer(index, of: tensors, products: products))
        }
        self.layers = layers
    }

    /// Embeddings of a run of whole sequences, on this thread. Precondition: ids and lengths were checked.
    func encode(
        _ run: Range<Int>, of batch: RaggedBatch, _ workspace: BertWorkspace
    ) throws(KernelError) -> [Float] {
        let first = batch.starts[run.lowerBound]
        let starts = batch.starts[run.lowerBound...run.upperBound].map { $0 - first }
        embed(batch, run, into: workspace.hiddenTC)
        workspace.hiddenInput.take(0..<(starts.last ?? 0), of: workspace.hiddenTC)
        for layer in layers { try layer.apply(to: workspace, starts: starts) }
        return Pooling.mean(
            workspace.hiddenTC, starts: starts, width: configuration.width, isNormalized: configuration.isNormalized)
    }

    // Word, then type, then position, then norm: the reference's order of additions.
    private func embed(_ batch: RaggedBatch, _ run: Range<Int>, into hiddenTC: FloatBuffer) {
        let width = configuration.width
        var row = 0
        for index in run {
            for (position, token) in batch[index].enumerated() {
                words.copy(row: Int(token), to: hiddenTC, row: row)
                Gather.add([(firstType, 0), (positions, position)], width: width, to: hiddenTC, row: row)
                row += 1
            }
        }
        norm.apply(to: hiddenTC, rows: row)
    }
}
