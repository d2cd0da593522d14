import Foundation

/// exp(−γ‖a − b‖²) of unit vectors by their cosine, eight at a time, within 1e-11.
///
/// `GaussianProcessRegression` has a series of its own: its rounding is part of the fingerprint `gp/1`, so the two stay
/// apart until that changes.
struct RadialKernel: Sendable {
    private let factor: Double
    private let squarings: Int

    /// The series is evaluated for at most this; the result is then squared often enough.
    private static let seriesLimit = 0.25
    private static let squaringsMax = 40
    private static let coefficients: [Double] = [
        1.0 / 40_320, 1.0 / 5_040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1,
    ]

    /// γ may be any number up to 1e10.
    init(gamma: Double) {
        // The largest squared distance of unit vectors is 4; those rounded to half precision may pass it a little.
        squarings = min(Self.squaringsMax, Int(log2(max(abs(gamma) * 4.1 / Self.seriesLimit, 1)).rounded(.up)))
        factor = 2 * gamma / Double(1 << squarings)
    }

    /// exp(−γ·max(0, 2 − 2c)).
    @inline(__always)
    func callAsFunction(_ cosine: SIMD8<Float>) -> SIMD8<Double> {
        var y = SIMD8<Double>.zero
        // Lane by lane: the compiler makes one conversion of it, where the initialiser of vectors is a slow call.
        for lane in 0..<8 { y[lane] = (min(1, max(-1.05, Double(cosine[lane]))) - 1) * factor }
        var value = SIMD8<Double>(repeating: 1.0 / 362_880)
        for coefficient in Self.coefficients { value = SIMD8(repeating: coefficient).addingProduct(value, y) }
        for _ in 0..<squarings { value *= value }
        return value
    }
}
