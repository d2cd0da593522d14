package import Kernels

/// The sublayers of a layer, as a trace names them.
package enum TabPFNSublayer { case features, items, feedForward }

/// Receives a sublayer's result: the rows of one row or one column of the table, and their number.
package typealias TabPFNTrace = (TabPFNSublayer, FloatBuffer, Int) -> Void

/// The buffers that one thread needs, and the steps that it computes in them: each works on one row or one column.
final class TabPFNWorkspace {
    let configuration: TabPFNConfiguration
    /// A column, gathered; or a token.
    let hidden: FloatBuffer
    let attention: TableAttention
    let encoding: TableEncoder.Scratch
    private let wide: FloatBuffer
    private let narrow: FloatBuffer
    private let update: FloatBuffer
    private let norm: TableNorm
    // Where products in bfloat16 read.
    private let rounded: QuantizedActivations?
    private let trace: TabPFNTrace?

    /// Room for rows of `tokens` tokens and columns of `items`.
    init(
        _ c: TabPFNConfiguration, tokens: Int, items: Int, precision: Precision, trace: TabPFNTrace? = nil
    ) throws(KernelError) {
        self.trace = trace
        configuration = c
        let rows = MatrixMultiply.rowsRoundedUp(max(tokens, items))
        hidden = FloatBuffer(count: rows * c.stride)
        wide = FloatBuffer(count: rows * max(c.wideStride, c.innerStride))
        narrow = FloatBuffer(count: rows * c.stride)
        update = FloatBuffer(count: rows * c.stride)
        attention = TableAttention(heads: c.heads, headWidth: c.headWidth, lengthMax: max(tokens, items))
        norm = try TableNorm(width: c.width, stride: c.stride)
        encoding = TableEncoder.Scratch(c, groups: tokens - 1)
        rounded =
            precision == .float32
            ? nil : QuantizedActivations(rows: rows, width: max(c.stride, c.innerStride), precision: precision)
    }

    static func bytes(_ c: TabPFNConfiguration, tokens: Int, items: Int, precision: Precision) -> Int {
        let rows = MatrixMultiply.rowsRoundedUp(max(tokens, items))
        let floats = 3 * c.stride + max(c.wideStride, c.innerStride)
        let halves = precision == .float32 ? 0 : max(c.stride, c.innerStride)
        return rows * (4 * floats + 2 * halves)
            + TableAttention.bytes(headWidth: c.headWidth, lengthMax: max(tokens, items))
            + TableEncoder.Scratch.bytes(c, groups: tokens - 1)
    }

    /// Attention along a row, residual and norm: the first sublayer, in place.
    func attendFeatures(_ row: FloatBuffer, tokens: Int, _ layer: TabPFNLayer) throws(KernelError) {
        try multiply(layer.featureQueriesKeysValues, row, wide, rows: tokens)
        attention.apply(
            wide, stride: configuration.wideStride, rows: tokens, queries: 0..<tokens, output: narrow,
            outputStride: configuration.stride)
        try multiply(layer.featureOutput, narrow, update, rows: tokens)
        norm.apply(to: row, adding: update, rows: tokens)
        trace?(.features, row, tokens)
    }

    /// The same for a row's last token only, which is left in `hidden`.
    func attendFeaturesOfTarget(_ table: TableRows, row: Int, _ layer: TabPFNLayer) throws(KernelError) {
        let tokens = table.tokens
        try multiply(layer.featureQueriesKeysValues, table[row], wide, rows: tokens)
        attention.apply(
            wide, stride: configuration.wideStride, rows: tokens, queries: tokens - 1..<tokens, output: narrow,
            outputStride: configuration.stride)
        try multiply(layer.featureOutput, narrow, update, rows: 1)
        table.copy(row: row, token: tokens - 1, into: hidden)
        norm.apply(to: hidden, adding: update, rows: 1)
    }

    /// Queries, keys and values of the column in `hidden`; head 0's are kept.
    func keepItems(_ items: Int, _ layer: TabPFNLayer, in store: TableKeysValues, slot: Int) throws(KernelError) {
        try multiply(layer.itemQueriesKeysValues, hidden, wide, rows: items)
        attention.keep(wide, stride: configuration.wideStride, rows: items, in: store, slot: slot)
    }

    /// The second sublayer for the context's column in `hidden`, after `keepItems`.
    func attendItems(_ items: Int, _ layer: TabPFNLayer) throws(KernelError) {
        attention.apply(
            wide, stride: configuration.wideStride, rows: items, queries: 0..<items, output: narrow,
            outputStride: configuration.stride)
        try finishItems(hidden, attended: narrow, rows: items, layer)
    }

    /// Output product, residual and norm of the second sublayer.
    func finishItems(
        _ rows: FloatBuffer, attended: FloatBuffer, rows count: Int, _ layer: TabPFNLayer
    ) throws(KernelError) {
        try multiply(layer.itemOutput, attended, update, rows: count)
        norm.apply(to: rows, adding: update, rows: count)
        trace?(.items, rows, count)
    }

    /// The third sublayer, in place.
    func feedForward(_ rows: FloatBuffer, rows count: Int, _ layer: TabPFNLayer) throws(KernelError) {
        try multiply(layer.inner, rows, wide, rows: count)
        try multiply(layer.outer, wide, update, rows: count)
        norm.apply(to: rows, adding: update, rows: count)
        trace?(.feedForward, rows, count)
    }

    /// A linear product, its input rounded first if the layer wants that.
    func multiply(
        _ layer: MatrixMultiply, _ input: FloatBuffer, _ output: FloatBuffer, rows: Int
    ) throws(KernelError) {
        guard let rounded else { return try layer.apply(input, output: output, rows: rows) }
        rounded.fill(from: input, count: MatrixMultiply.rowsRoundedUp(rows) * layer.inputs)
        try layer.apply(rounded, output: output, rows: 0..<rows)
    }
}
