import Kernels
import ModelFiles

/// All weights of a BERT encoder, packed, and the computation from token ids to states. Immutable.
struct BertStack: Sendable {
    let configuration: BertConfiguration
    let numerics: String
    private let wordEmbeddings: TensorTable
    private let positions: [Float]
    private let firstType: [Float]
    private let norm: Normalization
    private let layers: [BertLayer]

    init(_ tensors: BertTensors, plans: LayerProductPlans, packed: PackedWeights) throws(ModelError) {
        configuration = tensors.configuration
        // Norms and attention sum over as many floats at once as a vector has.
        numerics = plans.numerics + "/" + Vectors.name
        let width = configuration.width
        wordEmbeddings = try tensors.table("embeddings.word_embeddings.weight", Shape(configuration.vocabulary, width))
        positions = try tensors.floats("embeddings.position_embeddings.weight", Shape(configuration.positions, width))
        let types = try tensors.floats("embeddings.token_type_embeddings.weight", Shape(configuration.types, width))
        // All tokens of a sentence have the first type.
        firstType = Array(types.prefix(width))
        norm = try tensors.norm("embeddings.LayerNorm")
        var layers: [BertLayer] = []
        for index in 0..<configuration.layers {
            let products = try BertProducts(layer: index, of: plans, packed, from: tensors)
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
        let places = configuration.positionRows(run.ids, places: run.positions)
        for (row, token) in run.ids.enumerated() {
            wordEmbeddings.copy(row: Int(token), to: hiddenTC, row: row)
            Gather.add([(firstType, 0), (positions, places[row])], width: width, to: hiddenTC, row: row)
        }
        norm.apply(to: hiddenTC, rows: run.rows)
    }
}
