/// Inner loops on unsafe pointers, whose ranges the callers have checked.
///
/// The files of this folder are compiled twice: as part of `Kernels` for AVX2, with eight floats a vector, and as
/// `WideKernels` for AVX-512, with sixteen. `Vectors` chooses which of the two is called. So generic code outside must
/// not use anything of this folder, and this folder uses nothing outside.
package enum VectorLoops {
    /// Keys and values of attention are padded to a multiple of so many.
    package static let columns = Tile.columns

    /// x = LayerNorm(x [+ y]) on rows of `width` floats, a multiple of the vector's.
    package static func layerNorm(
        _ x: UnsafeMutablePointer<Float>, adding y: UnsafePointer<Float>?, rows: Int, width: Int,
        weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float
    ) {
        for row in 0..<rows {
            let x = x + row * width
            var sums = Lanes.zero
            for c in stride(from: 0, to: width, by: Lanes.scalarCount) {
                var v = Lanes.load(x + c)
                if let y {
                    v += Lanes.load(y + row * width + c)
                    v.store(x + c)
                }
                sums += v
            }
            // The mean first, then the variance about it, as the reference does.
            let mean = Lanes(repeating: sums.sum() / Float(width))
            var squares = Lanes.zero
            for c in stride(from: 0, to: width, by: Lanes.scalarCount) {
                let d = Lanes.load(x + c) - mean
                squares = squares.addingProduct(d, d)
            }
            let factor = Lanes(repeating: 1 / (squares.sum() / Float(width) + epsilon).squareRoot())
            for c in stride(from: 0, to: width, by: Lanes.scalarCount) {
                let scaled = (Lanes.load(x + c) - mean) * factor
                Lanes.load(bias + c).addingProduct(scaled, Lanes.load(weight + c)).store(x + c)
            }
        }
    }

    /// y = x · row's scale · column's scale [+ bias], then GELU if asked, in place; `columns` is a multiple of 16.
    package static func finishEightBits(
        _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, rowScales: UnsafePointer<Float>,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?, hasGelu: Bool
    ) {
        for row in 0..<rows {
            let (line, scale) = (y + row * columns, Lanes(repeating: rowScales[row]))
            // The branches are the same for every column; a closure for each kind of result was twice as slow.
            for c in stride(from: 0, to: columns, by: Lanes.scalarCount) {
                var x = Lanes.load(line + c) * (Lanes.load(columnScales + c) * scale)
                if let bias { x += Lanes.load(bias + c) }
                if hasGelu { x = VectorMath.gelu(x) }
                x.store(line + c)
            }
        }
    }

    /// q = the whole numbers nearest to x · factor, which are within ±127.
    package static func roundEightBits(
        _ x: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Int8>, count: Int, factor: Float
    ) {
        // A float near 1.5 · 2^23 has no bits for a fraction: the low bits of the sum are the rounded number.
        let magic: Float = 0x1.8p23
        for index in 0..<count {
            q[index] = Int8(truncatingIfNeeded: Int32(bitPattern: (x[index] * factor + magic).bitPattern))
        }
    }

    /// The largest magnitude: infinity and NaN are above all others.
    package static func magnitude(_ x: UnsafePointer<Float>, count: Int) -> Float {
        // As whole numbers, magnitudes of floats are in the same order.
        var top: UInt32 = 0
        for index in 0..<count { top = max(top, x[index].bitPattern & 0x7FFF_FFFF) }
        return Float(bitPattern: top)
    }

    /// y = the bfloat16 nearest to x, ties to even.
    package static func roundHalves(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt16>, count: Int) {
        // A plain loop over integers, because the compiler vectorises it. It does not vectorise Swift's own narrowing.
        for index in 0..<count {
            let bits = x[index].bitPattern
            // A NaN stays a NaN: adding to its bits could turn it into infinity or zero.
            let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
            let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
            y[index] = UInt16(truncatingIfNeeded: (isNaN ? bits | 0x40_0000 : rounded) >> 16)
        }
    }
}
