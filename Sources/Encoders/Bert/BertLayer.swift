import Kernels
import ModelFiles

/// The weights of one encoder layer: attention and its residual norm, feed-forward pair and its residual norm.
struct BertLayer: Sendable {
    private let products: BertProducts
    private let attentionNorm: Normalization
    private let outerNorm: Normalization

    /// Reads layer `index`'s norms; its products are packed already. Throws as `BertTensors.floats` does, and `kernel`.
    init(_ index: Int, of tensors: BertTensors, products: BertProducts) throws(ModelError) {
        self.products = products
        attentionNorm = try tensors.norm("encoder.layer.\(index).attention.output.LayerNorm")
        outerNorm = try tensors.norm("encoder.layer.\(index).output.LayerNorm")
    }

    /// hidden (T, C) -> hidden (T, C), in place, on this thread; what the products read of it is rounded before and after.
    ///
    /// All but attention goes block by block, so that what one step writes is still in the second-level cache when the
    /// next one reads it.
    func apply(to state: BertWorkspace, starts: [Int]) throws(KernelError) {
        let rows = starts.last ?? 0
        for block in BertWorkspace.blocks(rows) {
            try products.queriesKeysValues.apply(state.hiddenInput, output: state.queriesKeysValues, rows: block)
        }
        state.attention.apply(state.queriesKeysValues, starts: starts, context: state.contextTC)
        for block in BertWorkspace.blocks(rows) {
            let inBlock = 0..<block.count
            state.contextInput.take(block, of: state.contextTC)
            try products.attentionOutput.apply(
                state.contextInput, output: state.update, rows: block, outputRow: 0)
            attentionNorm.apply(to: state.hiddenTC, rows: block, adding: state.update)
            state.hiddenInput.take(block, of: state.hiddenTC)
            try products.inner.apply(state.hiddenInput, output: state.inner, rows: block, outputRow: 0)
            state.innerInput.take(inBlock, of: state.inner)
            try products.outer.apply(state.innerInput, output: state.update, rows: inBlock)
            outerNorm.apply(to: state.hiddenTC, rows: block, adding: state.update)
            state.hiddenInput.take(block, of: state.hiddenTC)
        }
    }
}
