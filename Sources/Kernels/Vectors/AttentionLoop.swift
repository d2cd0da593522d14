/// Attention of one sequence and one head, on unsafe pointers: see `Attention`.
///
/// A function with scratch memory, not a type: for a type the compiler generates helper functions, which the linker
/// would share between the two compilations.
extension VectorLoops {
    /// Floats of scratch that sequences of up to `length` tokens need.
    package static func attentionScratch(headWidth: Int, length: Int) -> Int {
        let (padded, paddedHead) = (roundedUp(length), roundedUp(headWidth))
        return padded * (headWidth + paddedHead + Tile.rows) + Tile.rows * paddedHead
    }

    /// output (n, D) = softmax(Q · Kᵀ / √D) · V.
    ///
    /// `q` is the head's first query; its keys are `width` floats behind it, its values twice as many; tokens are three
    /// times `width` apart, outputs once.
    package static func attend(
        _ q: UnsafePointer<Float>, length: Int, width: Int, headWidth: Int, scratch: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>
    ) {
        let (padded, paddedHead) = (roundedUp(length), roundedUp(headWidth))
        // Keys (D, n), values (n, D), scores (6, n), outcome (6, D).
        let keys = scratch
        let values = keys + headWidth * padded
        let scores = values + padded * paddedHead
        let outcome = scores + Tile.rows * padded
        pack(
            q + width, to: keys, q + 2 * width, to: values, length: length, stride: 3 * width, headWidth: headWidth)
        var row = 0
        while row < length {
            let rows = min(Tile.rows, length - row)
            attentionProduct(
                q + row * 3 * width, stride: 3 * width, keys, columns: padded, depth: headWidth, rows: rows, to: scores)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: Tile.rows) { factors in
                for r in 0..<rows { factors[r] = exponentials(scores + r * padded, columns: length, padded: padded) }
                attentionProduct(
                    scores, stride: padded, values, columns: paddedHead, depth: length, rows: rows, to: outcome)
                // Dividing D results by the sum costs less than dividing n scores by it.
                for r in 0..<rows {
                    let (source, target) = (outcome + r * paddedHead, output + (row + r) * width)
                    for d in 0..<headWidth { target[d] = source[d] * factors[r] }
                }
            }
            row += rows
        }
    }

    // Products and exponentials are separate functions, so that a profile shows each of them.

    /// c (rows, columns) = a (rows, depth) · b (depth, columns); `columns` is a multiple of the tile's.
    @inline(never)
    private static func attentionProduct(
        _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, columns: Int, depth: Int, rows: Int,
        to c: UnsafeMutablePointer<Float>
    ) {
        var column = 0
        while column < columns {
            Tile.multiply(
                a: a, aStride: stride, b: b + column, bStride: columns, depth: depth, rows: rows, bias: nil,
                c: c + column, cStride: columns)
            column += Tile.columns
        }
    }

    /// x = exp(x - largest) on the first `columns`; returns 1 / their sum. What follows up to `padded` is scratch.
    @inline(never)
    private static func exponentials(_ x: UnsafeMutablePointer<Float>, columns: Int, padded: Int) -> Float {
        // Minus infinity is never the largest, and its exponential is 0, so the padding needs no special case.
        for column in columns..<padded { x[column] = -.infinity }
        var largest = Lanes(repeating: -.infinity)
        for column in stride(from: 0, to: padded, by: Lanes.scalarCount) {
            let v = Lanes.load(x + column)
            largest = largest.replacing(with: v, where: v .> largest)
        }
        var top = largest[0]
        for lane in 1..<Lanes.scalarCount where largest[lane] > top { top = largest[lane] }
        let shift = Lanes(repeating: top)
        var sums = Lanes.zero
        for column in stride(from: 0, to: padded, by: Lanes.scalarCount) {
            let e = VectorMath.exp(Lanes.load(x + column) - shift)
            e.store(x + column)
            sums += e
        }
        return 1 / sums.sum()
    }

    // Keys are transposed and scaled by 1/√D. Values are only copied together: rows that are 3 · C floats apart would
    // all use the same few sets of the cache.
    private static func pack(
        _ key: UnsafePointer<Float>, to keys: UnsafeMutablePointer<Float>, _ value: UnsafePointer<Float>,
        to values: UnsafeMutablePointer<Float>, length: Int, stride: Int, headWidth: Int
    ) {
        let (padded, paddedHead) = (roundedUp(length), roundedUp(headWidth))
        let scale = 1 / Float(headWidth).squareRoot()
        for t in 0..<length {
            let key = key + t * stride
            for d in 0..<headWidth { keys[d * padded + t] = key[d] * scale }
            let row = values + t * paddedHead
            row.update(from: value + t * stride, count: headWidth)
            for d in headWidth..<paddedHead { row[d] = 0 }
        }
        // Values of an earlier sequence would be multiplied and discarded, but denormal ones would be slow.
        for t in length..<padded {
            for d in 0..<headWidth { keys[d * padded + t] = 0 }
        }
    }

    private static func roundedUp(_ count: Int) -> Int {
        (count + Tile.columns - 1) / Tile.columns * Tile.columns
    }
}
