/// Seeded numbers for kernel tests, in [-range, range].
struct Samples {
    let seed: UInt64

    func floats(_ count: Int, range: Float = 1) -> [Float] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Float(state >> 40) * 0x1p-23 - 1) * range
        }
    }

    /// Largest difference; infinite for a NaN or another count.
    static func difference(_ found: [Float], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).reduce(0) { largest, pair in
            let difference = abs(Double(pair.0) - pair.1)
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }
}
