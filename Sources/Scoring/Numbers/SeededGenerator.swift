/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the random numbers of simulations, evaluation and tests.
///
/// The same seed gives the same numbers on every machine, which the system's generator does not guarantee.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence of `seed`.
    public init(seed: UInt64) {
        state = seed
    }

    /// Uniform over all 64-bit numbers; the sequence repeats after 2⁶⁴ calls.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The first number of a seed's sequence: spreads a seed's bits, so that seeds 0, 1, 2 share none with each other.
    public static func mixed(_ seed: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: seed)
        return generator.next()
    }

    /// Uniform in [0, 1), 53 bits.
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
