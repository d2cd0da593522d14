/// Attention along a row or a column of a table, without a mask, on one thread.
///
/// 24 queries of one head at a time: keys and values are packed into panels that stay in the first-level cache while
/// the queries are read, and the scores (24, length) in the second, so no (n, n) matrix is ever written. A query's
/// result depends on that query and on the keys and values alone, not on other queries.
public final class TableAttention {
    // Four tiles. With fewer, keys are read from the second-level cache more often than necessary; with more, scores
    // are.
    private static let blockRows = 4 * Tile.rows

    private let heads: Int
    private let headWidth: Int
    private let lengthMax: Int
    private let packed: FloatBuffer
    private let queries: FloatBuffer
    private let scores: FloatBuffer
    private let outcome: FloatBuffer
    private let factors: FloatBuffer
    private let scale: Float

    /// Memory for up to `lengthMax` keys: `bytes(headWidth:lengthMax:)`.
    public init(heads: Int, headWidth: Int, lengthMax: Int) {
        precondition(
            heads > 0 && headWidth > 0 && lengthMax > 0, "TableAttention: \(heads), \(headWidth), \(lengthMax)")
        self.heads = heads
        self.headWidth = headWidth
        self.lengthMax = lengthMax
        let panels = TablePanels(length: lengthMax, headWidth: headWidth)
        packed = FloatBuffer(count: panels.count)
        queries = FloatBuffer(count: Self.blockRows * headWidth)
        scores = FloatBuffer(count: Self.blockRows * panels.paddedLength)
        outcome = FloatBuffer(count: Self.blockRows * panels.paddedHeadWidth)
        factors = FloatBuffer(count: Self.blockRows)
        // Multiplied by log₂ e too, so that the softmax uses powers of two.
        scale = 1.442_695_04 / Float(headWidth).squareRoot()
    }

    /// Bytes of one, without its small buffers.
    public static func bytes(headWidth: Int, lengthMax: Int) -> Int {
        let panels = TablePanels(length: lengthMax, headWidth: headWidth)
        return (panels.count + blockRows * panels.paddedLength) * MemoryLayout<Float>.size
    }

    /// output (queries, H · D) = softmax(Q · Kᵀ / √D) · V for each head, all `rows` rows being keys.
    ///
    /// `queriesKeysValues` has `rows` rows of `stride` floats: queries, keys and values side by side, H · D each.
    /// The first row of `output`, whose rows are `outputStride` apart, is that of the first of `queries`.
    public func apply(
        _ queriesKeysValues: FloatBuffer, stride: Int, rows: Int, queries wanted: Range<Int>, output: FloatBuffer,
        outputStride: Int
    ) {
        let width = heads * headWidth
        precondition(
            rows <= lengthMax && stride >= 3 * width && outputStride >= width && wanted.lowerBound >= 0
                && wanted.upperBound <= rows, "TableAttention: \(rows) rows of \(stride), queries \(wanted)")
        let input = queriesKeysValues.pointer(first: rows * stride)
        let target = output.pointer(first: wanted.count * outputStride)
        let panels = TablePanels(length: rows, headWidth: headWidth)
        for head in 0..<heads {
            let x = input + head * headWidth
            panels.pack(keys: x + width, values: x + 2 * width, stride: stride, into: packed.base)
            for first in Swift.stride(from: 0, to: wanted.count, by: Self.blockRows) {
                let count = min(Self.blockRows, wanted.count - first)
                for r in 0..<count { load(x + (wanted.lowerBound + first + r) * stride, as: r) }
                attend(count, panels, packed.base)
                for r in 0..<count { give(r, to: target + (first + r) * outputStride + head * headWidth) }
            }
        }
    }

    /// Stores the keys and values of head 0 of `rows` rows in the layout that `apply` reads.
    public func keep(
        _ queriesKeysValues: FloatBuffer, stride: Int, rows: Int, in store: TableKeysValues, slot: Int
    ) {
        let width = heads * headWidth
        precondition(
            rows == store.panels.length && headWidth == store.panels.headWidth && rows <= lengthMax,
            "TableAttention: \(rows) rows for a store of \(store.panels.length)")
        let x = queriesKeysValues.pointer(first: rows * stride)
        store.panels.pack(keys: x + width, values: x + 2 * width, stride: stride, into: packed.base)
        store.store(packed.base, slot: slot)
    }

    /// One token of each of the first `rows` rows holds a query for every head, H · D floats; the result replaces it.
    ///
    /// All heads of all rows share the keys and values of one slot.
    public func apply(to table: TableRows, token: Int, rows: Range<Int>, store: TableKeysValues, slot: Int) {
        precondition(
            store.panels.length <= lengthMax && store.panels.headWidth == headWidth
                && table.stride >= heads * headWidth, "TableAttention: a store of \(store.panels.length)")
        let keysValues = store.load(slot: slot, room: packed.base)
        let count = rows.count * heads
        func place(_ index: Int) -> UnsafeMutablePointer<Float> {
            table.pointer(row: rows.lowerBound + index / heads, token: token) + index % heads * headWidth
        }
        for first in Swift.stride(from: 0, to: count, by: Self.blockRows) {
            let block = min(Self.blockRows, count - first)
            for r in 0..<block { load(place(first + r), as: r) }
            attend(block, store.panels, keysValues)
            for r in 0..<block { give(r, to: place(first + r)) }
        }
    }

    @inline(__always)
    private func load(_ query: UnsafePointer<Float>, as row: Int) {
        let target = queries.base + row * headWidth
        for d in 0..<headWidth { target[d] = query[d] * scale }
    }

    @inline(__always)
    private func give(_ row: Int, to target: UnsafeMutablePointer<Float>) {
        let source = outcome.base + row * ((headWidth + Tile.columns - 1) / Tile.columns * Tile.columns)
        let factor = factors.base[row]
        for d in 0..<headWidth { target[d] = source[d] * factor }
    }

    // The block's queries against one head's keys and values.
    private func attend(_ rows: Int, _ panels: TablePanels, _ keysValues: UnsafePointer<Float>) {
        let (q, s, o) = (queries.base, scores.base, outcome.base)
        let (padded, paddedWidth) = (panels.paddedLength, panels.paddedHeadWidth)
        var column = 0
        while column < padded {
            var row = 0
            while row < rows {
                Tile.multiply(
                    a: q + row * headWidth, aStride: headWidth, b: keysValues + column * headWidth,
                    bStride: Tile.columns, depth: headWidth, rows: min(Tile.rows, rows - row), bias: nil,
                    c: s + row * padded + column, cStride: padded)
                row += Tile.rows
            }
            column += Tile.columns
        }
        for row in 0..<rows {
            factors.base[row] = TableVector.exponentials(s + row * padded, count: panels.length)
        }
        let values = keysValues + panels.keysCount
        column = 0
        while column < paddedWidth {
            var row = 0
            while row < rows {
                Tile.multiply(
                    a: s + row * padded, aStride: padded, b: values + column * panels.length, bStride: Tile.columns,
                    depth: panels.length, rows: min(Tile.rows, rows - row), bias: nil,
                    c: o + row * paddedWidth + column, cStride: paddedWidth)
                row += Tile.rows
            }
            column += Tile.columns
        }
    }
}
