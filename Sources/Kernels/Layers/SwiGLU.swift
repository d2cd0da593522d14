/// The gated activation between the products of a feed-forward block: silu(gate) · up, with silu(x) = x / (1 + e⁻ˣ).
///
/// Shazeer 2020; "SwiGLU". Relative error of silu under 3e-7.
public enum SwiGLU {
    /// input (rows, I) = silu(gate) · up, where each row of `gateUp` (rows, 2 · I) is the gate's I floats, then up's.
    ///
    /// Precondition: I is a positive multiple of 8, and both have the rows.
    public static func apply(_ gateUp: FloatBuffer, rows: Range<Int>, width: Int, into input: QuantizedActivations) {
        precondition(width > 0 && width % 8 == 0, "SwiGLU: width \(width)")
        let x = gateUp.pointer(rows.lowerBound * 2 * width..<rows.upperBound * 2 * width)
        input.writeRows(rows, width: width) { row, y in
            let gate = x + (row - rows.lowerBound) * 2 * width
            for c in stride(from: 0, to: width, by: 8) {
                (VectorMath.silu(Lanes.load(gate + c)) * Lanes.load(gate + width + c)).store(y + c)
            }
        }
    }
}
