#if WIDE
    /// Sixteen floats: one AVX-512 register.
    typealias Lanes = SIMD16<Float>
    private typealias Bits = SIMD16<UInt32>
#else
    /// Eight floats: one AVX2 register.
    typealias Lanes = SIMD8<Float>
    private typealias Bits = SIMD8<UInt32>
#endif

extension Lanes {
    @inline(__always)
    static func load(_ address: UnsafePointer<Float>) -> Lanes {
        UnsafeRawPointer(address).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    func store(_ address: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(address).storeBytes(of: self, as: Lanes.self)
    }
}

// Swift's `.rounded` and its conversions to integer vectors stay slow, unspecialised calls at any flag, so rounding is
// done by adding and subtracting 1.5 · 2^23 and powers of two are made from bits.
enum VectorMath {
    /// eˣ within 2 units in the last place; 0 below -87, where the true value is under the smallest normal float.
    /// Meant for x ≤ 88.
    @inline(__always)
    static func exp(_ x: Lanes) -> Lanes {
        let magic = Lanes(repeating: 0x1.8p23)
        let shifted = magic.addingProduct(x, Lanes(repeating: 1.442_695_04))
        let n = shifted - magic
        // ln 2 in two parts, so that x - n · ln 2 loses nothing.
        let high = x.addingProduct(n, Lanes(repeating: -0x1.62e4p-1))
        let r = high.addingProduct(n, Lanes(repeating: -1.428_606_8e-6))
        // Taylor to the seventh power: 5e-9 at the ends of ±ln 2 / 2.
        var p = Lanes(repeating: 1 / 5040)
        p = Lanes(repeating: 1 / 720).addingProduct(p, r)
        p = Lanes(repeating: 1 / 120).addingProduct(p, r)
        p = Lanes(repeating: 1 / 24).addingProduct(p, r)
        p = Lanes(repeating: 1 / 6).addingProduct(p, r)
        p = Lanes(repeating: 0.5).addingProduct(p, r)
        p = Lanes(repeating: 1).addingProduct(p, r)
        p = Lanes(repeating: 1).addingProduct(p, r)
        // The low bits of `shifted` are n; added to the exponent they multiply by 2ⁿ.
        let bits = unsafeBitCast(shifted, to: Bits.self) &<< 23
        let scaled = unsafeBitCast(unsafeBitCast(p, to: Bits.self) &+ bits, to: Lanes.self)
        return scaled.replacing(with: 0, where: x .< -87)
    }

    /// erf(x) within 4e-7, as x · P(x²) / Q(x²) on [-3.92, 3.92], beyond which it is ±1 in float.
    ///
    /// The coefficients are a minimax fit of relative error 1.9e-8, made by `scripts/goldens/encoder/fit_erf.py`.
    @inline(__always)
    static func erf(_ x: Lanes) -> Lanes {
        let end = Lanes(repeating: 3.92)
        var c = x.replacing(with: end, where: x .> end)
        c = c.replacing(with: -end, where: x .< -end)
        let z = c * c
        var p = Lanes(repeating: 2.050_043_6e-06)
        p = Lanes(repeating: 0.000_284_846_26).addingProduct(p, z)
        p = Lanes(repeating: 0.003_764_656_8).addingProduct(p, z)
        p = Lanes(repeating: 0.052_745_68).addingProduct(p, z)
        p = Lanes(repeating: 0.190_386_19).addingProduct(p, z)
        p = Lanes(repeating: 1.128_379_1).addingProduct(p, z)
        var q = Lanes(repeating: 3.808_936_5e-05)
        q = Lanes(repeating: 0.001_162_275_7).addingProduct(q, z)
        q = Lanes(repeating: 0.014_967_294).addingProduct(q, z)
        q = Lanes(repeating: 0.114_100_404).addingProduct(q, z)
        q = Lanes(repeating: 0.502_058_1).addingProduct(q, z)
        q = Lanes(repeating: 1).addingProduct(q, z)
        return c * p / q
    }

    /// x / (1 + e⁻ˣ), for any x.
    @inline(__always)
    static func silu(_ x: Lanes) -> Lanes {
        // Below -88 the exponential would be infinite; the result is under 6e-37 there, whatever the exponential's
        // value.
        let argument = (-x).replacing(with: 88, where: x .< -88)
        return x / (exp(argument) + 1)
    }

    /// x · Φ(x), the GELU of BERT: by the error function, not by the tanh approximation.
    @inline(__always)
    static func gelu(_ x: Lanes) -> Lanes {
        let half = x * 0.5
        return half.addingProduct(half, erf(x * 0.707_106_77))
    }
}
