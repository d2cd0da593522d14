/// The inner loop of a matrix product, in registers: 6 rows × 2 vectors (16 columns, or 32), twelve accumulators.
///
/// Every row's sum runs over k in order with fused multiply-adds, whatever the row's place in the tile, so a row's
/// result never depends on the other rows.
enum Tile {
    static let rows = 6
    static let columns = 2 * Lanes.scalarCount

    /// c (rows × columns) = a (rows × depth) · b (depth × columns) [+ bias (columns)], for 1...6 rows.
    ///
    /// `aStride`, `bStride`, `cStride` are floats from one row to the next.
    @inline(__always)
    static func multiply(
        a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int, depth: Int, rows: Int,
        bias: UnsafePointer<Float>?, c: UnsafeMutablePointer<Float>, cStride: Int
    ) {
        // Missing rows repeat the last one: this needs no branch inside, and their results are not stored.
        let last = rows - 1
        let a1 = a + min(1, last) * aStride
        let a2 = a + min(2, last) * aStride
        let a3 = a + min(3, last) * aStride
        let a4 = a + min(4, last) * aStride
        let a5 = a + min(5, last) * aStride
        let startLow = bias.map { Lanes.load($0) } ?? .zero
        let startHigh = bias.map { Lanes.load($0 + Lanes.scalarCount) } ?? .zero
        var l0 = startLow, l1 = startLow, l2 = startLow, l3 = startLow, l4 = startLow, l5 = startLow
        var h0 = startHigh, h1 = startHigh, h2 = startHigh, h3 = startHigh, h4 = startHigh, h5 = startHigh
        var row = b
        for k in 0..<depth {
            let low = Lanes.load(row)
            let high = Lanes.load(row + Lanes.scalarCount)
            row += bStride
            let s0 = Lanes(repeating: a[k])
            l0.addProduct(s0, low)
            h0.addProduct(s0, high)
            let s1 = Lanes(repeating: a1[k])
            l1.addProduct(s1, low)
            h1.addProduct(s1, high)
            let s2 = Lanes(repeating: a2[k])
            l2.addProduct(s2, low)
            h2.addProduct(s2, high)
            let s3 = Lanes(repeating: a3[k])
            l3.addProduct(s3, low)
            h3.addProduct(s3, high)
            let s4 = Lanes(repeating: a4[k])
            l4.addProduct(s4, low)
            h4.addProduct(s4, high)
            let s5 = Lanes(repeating: a5[k])
            l5.addProduct(s5, low)
            h5.addProduct(s5, high)
        }
        store(l0, h0, c, 0, rows, cStride)
        store(l1, h1, c, 1, rows, cStride)
        store(l2, h2, c, 2, rows, cStride)
        store(l3, h3, c, 3, rows, cStride)
        store(l4, h4, c, 4, rows, cStride)
        store(l5, h5, c, 5, rows, cStride)
    }

    @inline(__always)
    private static func store(
        _ low: Lanes, _ high: Lanes, _ c: UnsafeMutablePointer<Float>, _ row: Int, _ rows: Int, _ stride: Int
    ) {
        guard row < rows else { return }
        low.store(c + row * stride)
        high.store(c + row * stride + Lanes.scalarCount)
    }
}
