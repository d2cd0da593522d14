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

    /// The last states of a run, into `workspace.hiddenTC`, on this thread. Precondition: ids and lengths were checked.
    func encode(_ run: SequenceRun, _ workspace: BertWorkspace) throws(ModelError) {
        embed(run, into: workspace.hiddenTC)
        workspace.hiddenInput.take(0..<run.rows, of: workspace.hiddenTC)
        let starts = run.starts
        do throws(KernelError) {
            for layer in layers { try layer.apply(to: workspace, starts: starts) }
        } catch { throw .kernel(error) }
    }

    // Word, then type, then position, then norm: the reference's order of additions.
    private func embed(_ run: SequenceRun, into hiddenTC: FloatBuffer) {
        let width = configuration.width
        for (row, token) in run.ids.enumerated() {
            words.copy(row: Int(token), to: hiddenTC, row: row)
            Gather.add([(firstType, 0), (positions, run.positions[row])], width: width, to: hiddenTC, row: row)
        }
        norm.apply(to: hiddenTC, rows: run.rows)
    }
}
