import WideKernels

/// Rows of floats in 8 bits with one scale a row, and back: x ≈ scale · q, q a whole number within ±127.
///
/// Symmetric, to the nearest with ties to even; the scale is the row's largest magnitude / 127. The error of a value is at
/// most half a scale. A row with an infinity or a NaN gets a scale that is not finite, so that every result of the row is
/// not finite either, which callers detect.
enum Int8Quantization {
    static let largest: Float = 127

    /// Rounds one row and returns its scale.
    @inline(__always)
    static func round(_ x: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Int8>, count: Int) -> Float {
        let top =
            Vectors.areWide
            ? WideKernels.VectorLoops.magnitude(x, count: count) : VectorLoops.magnitude(x, count: count)
        guard top > 0 else {
            q.update(repeating: 0, count: count)
            // NaN compares false and keeps its row not finite.
            return top == 0 ? 0 : .nan
        }
        let factor = largest / top
        if Vectors.areWide {
            WideKernels.VectorLoops.roundEightBits(x, q, count: count, factor: factor)
        } else {
            VectorLoops.roundEightBits(x, q, count: count, factor: factor)
        }
        return top / largest
    }

    /// Converts sums of 8-bit products to results, in place: y = activation(sum · row's scale · column's scale + bias).
    static func finish(
        _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, rowScales: UnsafePointer<Float>,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?, activation: MatrixMultiply.Activation
    ) {
        let hasGelu = activation == .gelu
        if Vectors.areWide, columns % WideKernels.VectorLoops.columns == 0 {
            WideKernels.VectorLoops.finishEightBits(
                y, rows: rows, columns: columns, rowScales: rowScales, columnScales: columnScales, bias: bias,
                hasGelu: hasGelu)
        } else {
            VectorLoops.finishEightBits(
                y, rows: rows, columns: columns, rowScales: rowScales, columnScales: columnScales, bias: bias,
                hasGelu: hasGelu)
        }
    }
}
