import Kernels
import ModelFiles
import Threads

/// The weights of one layer: attention and feed-forward block, each behind its norm. Immutable.
struct Qwen3Layer: Sendable {
    private let configuration: Qwen3Configuration
    private let inputNorm: RMSNorm
    private let queryNorm: RMSNorm
    private let keyNorm: RMSNorm
    private let innerNorm: RMSNorm
    private let products: Qwen3Products

    /// Reads layer `index`'s norms; its products are packed already. Throws as `Qwen3Folder.floats` does, and `kernel`.
    init(_ index: Int, of folder: Qwen3Folder, products: Qwen3Products) throws(ModelError) {
        configuration = folder.configuration
        self.products = products
        func norm(_ name: String, _ width: Int) throws(ModelError) -> RMSNorm {
            let weight = try folder.floats("layers.\(index).\(name).weight", Shape(width))
            do throws(KernelError) {
                return try RMSNorm(weight: weight, epsilon: folder.configuration.epsilon)
            } catch { throw .kernel(error) }
        }
        inputNorm = try norm("input_layernorm", configuration.width)
        queryNorm = try norm("self_attn.q_norm", configuration.headWidth)
        keyNorm = try norm("self_attn.k_norm", configuration.headWidth)
        innerNorm = try norm("post_attention_layernorm", configuration.width)
    }

    /// One member's part of the way from hidden (T, C) to hidden and the update that the next norm adds; false if the
    /// team was cancelled.
    ///
    /// `rows` are this member's, a range from a multiple of `MatrixMultiply.rowStep`; heads of attention are dealt to the members in turn.
    func apply(
        to state: Qwen3Workspace, _ own: Qwen3Scratch, run: SequenceRun, rows: Range<Int>, isFirst: Bool,
        rotary: RotaryEmbedding, member: Int, team: ThreadTeam
    ) throws(KernelError) -> Bool {
        let sizes = configuration
        if isFirst {
            inputNorm.apply(state.hiddenTC, rows: rows, into: state.inputTC)
        } else {
            inputNorm.apply(state.hiddenTC, adding: state.updateTC, rows: rows, into: state.inputTC)
        }
        try own.time { () throws(KernelError) in
            try products.queriesKeysValues.apply(state.inputTC, output: state.queriesKeysValues, rows: rows)
        }
        let keys = sizes.queryHeads..<sizes.queryHeads + sizes.keyHeads
        for (heads, norm) in [(0..<sizes.queryHeads, queryNorm), (keys, keyNorm)] {
            rotary.apply(
                to: state.queriesKeysValues, rows: rows, stride: sizes.attentionWidth, heads: heads, norm: norm
            ) { run.positions[$0] }
        }
        guard team.barrier() else { return false }
        var turn = 0
        for sequence in run.sequences {
            for head in 0..<sizes.keyHeads {
                if turn % team.count == member {
                    own.attention.apply(
                        state.queriesKeysValues, rows: sequence, keyHead: head, context: state.attended)
                }
                turn += 1
            }
        }
        guard team.barrier() else { return false }
        state.roundContext(rows)
        try own.time { () throws(KernelError) in
            try products.attentionOutput.apply(state.context, output: state.updateTC, rows: rows)
        }
        innerNorm.apply(state.hiddenTC, adding: state.updateTC, rows: rows, into: state.inputTC)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Qwen3Scratch.rows) {
            try feedForward(first..<min(first + Qwen3Scratch.rows, rows.upperBound), state, own)
        }
        return true
    }

    private func feedForward(
        _ rows: Range<Int>, _ state: Qwen3Workspace, _ own: Qwen3Scratch
    ) throws(KernelError) {
        try own.time { () throws(KernelError) in
            try products.gateUp.apply(state.inputTC, output: own.gateUp, rows: rows, outputRow: 0)
        }
        SwiGLU.apply(own.gateUp, rows: 0..<rows.count, width: configuration.innerWidth, into: own.inner)
        try own.time { () throws(KernelError) in
            try products.down.apply(
                own.inner, output: state.updateTC, rows: 0..<rows.count, outputRow: rows.lowerBound)
        }
    }
}
