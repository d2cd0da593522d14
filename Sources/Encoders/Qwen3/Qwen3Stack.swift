import Kernels
import ModelFiles
import Threads

/// All weights of a Qwen3 encoder, and the computation from token ids to states. Immutable.
struct Qwen3Stack: Sendable {
    let configuration: Qwen3Configuration
    let numerics: String
    let origin: PackedWeightsOrigin
    private let embedding: TensorTable
    private let layers: [Qwen3Layer]
    private let norm: RMSNorm
    private let rotary: RotaryEmbedding

    init(
        _ folder: Qwen3Folder, plans: LayerProductPlans, packed: PackedWeights, tokensMax: Int
    ) throws(ModelError) {
        let sizes = folder.configuration
        configuration = sizes
        numerics = plans.numerics
        origin = packed.origin
        embedding = try folder.embedding()
        var layers: [Qwen3Layer] = []
        for index in 0..<sizes.layers {
            let products = try Qwen3Products(layer: index, of: plans, packed)
            layers.append(try Qwen3Layer(index, of: folder, products: products))
        }
        self.layers = layers
        let weight = try folder.floats("norm.weight", Shape(sizes.width))
        do throws(KernelError) {
            norm = try RMSNorm(weight: weight, epsilon: sizes.epsilon)
            rotary = try RotaryEmbedding(headWidth: sizes.headWidth, theta: sizes.theta, positions: tokensMax)
        } catch { throw .kernel(error) }
    }

    /// One member's part of a run: the last states of its rows are in `state.hiddenTC` afterwards; false if the team was
    /// cancelled. Precondition: ids and lengths were checked, and the run fits into `state`.
    func encode(
        _ run: SequenceRun, in state: Qwen3Workspace, _ own: Qwen3Scratch, member: Int, team: ThreadTeam
    ) throws(KernelError) -> Bool {
        let rows = run.rows(of: member, among: team.count)
        for row in rows {
            embedding.copy(row: Int(run.ids[run.ids.startIndex + row]), to: state.hiddenTC, row: row)
        }
        for (index, layer) in layers.enumerated() {
            let goesOn = try layer.apply(
                to: state, own, run: run, rows: rows, isFirst: index == 0, rotary: rotary, member: member, team: team)
            guard goesOn else { return false }
        }
        norm.apply(to: state.hiddenTC, adding: state.updateTC, rows: rows)
        return team.barrier()
    }
}
