/// Rows of floats in 8 bits with one scale a row, and back: x ≈ scale · q, q a whole number within ±127.
///
/// Symmetric, to the nearest with ties to even; the scale is the row's largest magnitude / 127. The error of a value is at
/// most half a scale. A row with an infinity or a NaN gets a scale that is not finite, so that every result of the row is
/// not finite either and is noticed.
enum EightBits {
    static let largest: Float = 127

    /// Rounds one row and returns its scale.
    @inline(__always)
    static func round(_ x: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Int8>, count: Int) -> Float {
        let top = magnitude(x, count: count)
        guard top > 0 else {
            q.update(repeating: 0, count: count)
            // NaN compares false and keeps its row not finite.
            return top == 0 ? 0 : .nan
        }
        let factor = largest / top
        // 1.5 · 2^23 leaves no room for a fraction: the low bits of the sum are the rounded number.
        let magic: Float = 0x1.8p23
        for index in 0..<count {
            q[index] = Int8(truncatingIfNeeded: Int32(bitPattern: (x[index] * factor + magic).bitPattern))
        }
        return top / largest
    }

    // As whole numbers, magnitudes of floats are in the same order, infinity and NaN above all others.
    @inline(__always)
    private static func magnitude(_ x: UnsafePointer<Float>, count: Int) -> Float {
        var top: UInt32 = 0
        for index in 0..<count { top = max(top, x[index].bitPattern & 0x7FFF_FFFF) }
        return Float(bitPattern: top)
    }

    /// Makes results of sums of 8-bit products, in place: y = activation(sum · row's scale · column's scale + bias).
    static func finish(
        _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, rowScales: UnsafePointer<Float>,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?, activation: MatrixMultiply.Activation
    ) {
        for row in 0..<rows {
            let (line, scale) = (y + row * columns, Lanes(repeating: rowScales[row]))
            switch (bias, activation) {
            case (nil, .none): finish(line, columns, scale, columnScales) { x, _ in x }
            case (nil, .gelu): finish(line, columns, scale, columnScales) { x, _ in VectorMath.gelu(x) }
            case (let bias?, .none): finish(line, columns, scale, columnScales) { x, c in x + Lanes.load(bias + c) }
            case (let bias?, .gelu):
                finish(line, columns, scale, columnScales) { x, c in VectorMath.gelu(x + Lanes.load(bias + c)) }
            }
        }
    }

    @inline(__always)
    private static func finish(
        _ line: UnsafeMutablePointer<Float>, _ columns: Int, _ scale: Lanes, _ columnScales: UnsafePointer<Float>,
        _ body: (Lanes, Int) -> Lanes
    ) {
        for c in stride(from: 0, to: columns, by: 8) {
            body(Lanes.load(line + c) * (Lanes.load(columnScales + c) * scale), c).store(line + c)
        }
    }
}
