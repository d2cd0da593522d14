// The vector functions that attention over tables needs in addition to `VectorMath`.
enum TableVector {
    /// 2ˣ within 2 units in the last place for -126 ≤ x ≤ 126; 0 below.
    ///
    /// A softmax whose scores were multiplied by log₂ e beforehand needs no other exponential, and this one saves the
    /// reduction by ln 2. Coefficients: the Chebyshev fit of degree 6 on [-0.5, 0.5] (relative error 2e-8).
    @inline(__always)
    static func exp2(_ x: Lanes) -> Lanes {
        let magic = Lanes(repeating: 0x1.8p23)
        let shifted = x + magic
        let r = x - (shifted - magic)
        var p = Lanes(repeating: 0.000_154_697_32)
        p = Lanes(repeating: 0.001_340_043_3).addingProduct(p, r)
        p = Lanes(repeating: 0.009_618_025).addingProduct(p, r)
        p = Lanes(repeating: 0.055_503_27).addingProduct(p, r)
        p = Lanes(repeating: 0.240_226_51).addingProduct(p, r)
        p = Lanes(repeating: 0.693_147_2).addingProduct(p, r)
        p = Lanes(repeating: 1).addingProduct(p, r)
        // The low bits of `shifted` are the whole part; added to the exponent they multiply by its power of two.
        let bits = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23
        let scaled = unsafeBitCast(unsafeBitCast(p, to: SIMD8<UInt32>.self) &+ bits, to: Lanes.self)
        return scaled.replacing(with: 0, where: x .< -126)
    }

    /// x (count) becomes 2^(x - max x); the factor that makes them sum to 1 is returned, not applied.
    ///
    /// `count` is rounded up to whole vectors, so the row needs memory for them; the rest of the last one becomes 0.
    @inline(__always)
    static func exponentials(_ x: UnsafeMutablePointer<Float>, count: Int) -> Float {
        let whole = (count + 7) & ~7
        for column in count..<whole { x[column] = -1e30 }
        var (top, second) = (Lanes(repeating: -.infinity), Lanes(repeating: -.infinity))
        var column = 0
        while column + 16 <= whole {
            let (a, b) = (Lanes.load(x + column), Lanes.load(x + column + 8))
            top = top.replacing(with: a, where: a .> top)
            second = second.replacing(with: b, where: b .> second)
            column += 16
        }
        if column < whole {
            let a = Lanes.load(x + column)
            top = top.replacing(with: a, where: a .> top)
        }
        let shift = Lanes(repeating: top.replacing(with: second, where: second .> top).max())
        var (sums, others) = (Lanes.zero, Lanes.zero)
        column = 0
        while column + 16 <= whole {
            let a = exp2(Lanes.load(x + column) - shift)
            let b = exp2(Lanes.load(x + column + 8) - shift)
            a.store(x + column)
            b.store(x + column + 8)
            sums += a
            others += b
            column += 16
        }
        if column < whole {
            let a = exp2(Lanes.load(x + column) - shift)
            a.store(x + column)
            sums += a
        }
        return 1 / (sums + others).sum()
    }
}
