/// The numbers of `numpy.random.default_rng(seed)`, bit for bit: SeedSequence, PCG64 (XSL-RR), and numpy's own ways to
/// draw bounded integers from them.
///
/// The reference draws its ensemble (salts, permutations of columns) from it, so another generator would be another
/// model. Written from the published algorithms and compared with numpy 2.2 and 2.4; see `rng.json` of the goldens.
public struct NumpyGenerator: Sendable {
    private var state: UInt128
    private let increment: UInt128
    // numpy hands out 64 random bits in two halves, the low one first.
    private var highHalf: UInt32?

    /// Starts as `default_rng(seed)` does.
    public init(seed: UInt64) {
        let words = Self.seedSequence(seed)
        increment = (UInt128(words[2]) << 64 | UInt128(words[3])) << 1 | 1
        state = 0
        step()
        state &+= UInt128(words[0]) << 64 | UInt128(words[1])
        step()
    }

    /// The generator's state and increment, as numpy shows them.
    public var words: (state: UInt128, increment: UInt128) { (state, increment) }

    /// 64 random bits.
    public mutating func next64() -> UInt64 {
        step()
        let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
        let turn = UInt64(truncatingIfNeeded: state >> 122)
        return folded >> turn | folded << ((64 - turn) & 63)
    }

    /// 32 random bits.
    public mutating func next32() -> UInt32 {
        if let half = highHalf {
            highHalf = nil
            return half
        }
        let bits = next64()
        highHalf = UInt32(truncatingIfNeeded: bits >> 32)
        return UInt32(truncatingIfNeeded: bits)
    }

    /// `integers(0, n)` by Lemire's method; no draw for n = 1. Precondition: 1 ≤ n < 2³².
    public mutating func below(_ n: Int) -> Int {
        precondition(n >= 1 && n < 1 << 32, "NumpyGenerator: below \(n)")
        guard n > 1 else { return 0 }
        let bound = UInt64(n)
        var product = UInt64(next32()) * bound
        if product & 0xFFFF_FFFF < bound {
            let threshold = (1 << 32 - bound) % bound
            while product & 0xFFFF_FFFF < threshold { product = UInt64(next32()) * bound }
        }
        return Int(product >> 32)
    }

    /// `permutation(n)`: Fisher-Yates from the top, each index drawn by masking and rejection.
    public mutating func permutation(_ n: Int) -> [Int] {
        var values = Array(0..<n)
        for last in stride(from: n - 1, to: 0, by: -1) { values.swapAt(last, throughMask(last)) }
        return values
    }

    /// `choice(range, size: range.count, replace=False)`: Floyd's sampling, then a shuffle with Lemire draws.
    public mutating func choice(_ range: Range<Int>) -> [Int] {
        var drawnBefore: Set<Int> = []
        var places: [Int] = []
        for index in 0..<range.count {
            let drawn = below(index + 1)
            let place = drawnBefore.contains(drawn) ? index : drawn
            drawnBefore.insert(place)
            places.append(place)
        }
        for last in stride(from: range.count - 1, to: 0, by: -1) { places.swapAt(last, below(last + 1)) }
        return places.map { range.lowerBound + $0 }
    }

    // 0 ... largest; no draw for 0.
    private mutating func throughMask(_ largest: Int) -> Int {
        guard largest > 0 else { return 0 }
        let mask = UInt32.max >> UInt32(largest).leadingZeroBitCount
        while true {
            let value = next32() & mask
            if value <= UInt32(largest) { return Int(value) }
        }
    }

    private mutating func step() {
        state = state &* 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645 &+ increment
    }

    /// Four words of 64 bits from a seed, as numpy's SeedSequence spreads its entropy.
    private static func seedSequence(_ seed: UInt64) -> [UInt64] {
        var multiplier: UInt32 = 0x43B0_D7E5
        func hashed(_ value: UInt32) -> UInt32 {
            var v = value ^ multiplier
            multiplier = multiplier &* 0x931E_8875
            v = v &* multiplier
            return v ^ v >> 16
        }
        func mixed(_ x: UInt32, _ y: UInt32) -> UInt32 {
            let r = x &* 0xCA01_F9DD &- y &* 0x4973_F715
            return r ^ r >> 16
        }
        var pool = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0].map(hashed)
        for i in 0..<4 {
            for j in 0..<4 where j != i { pool[j] = mixed(pool[j], hashed(pool[i])) }
        }
        var outward: UInt32 = 0x8B51_F9DD
        let words = (0..<8).map { index -> UInt32 in
            var v = pool[index % 4] ^ outward
            outward = outward &* 0x58F3_8DED
            v = v &* outward
            return v ^ v >> 16
        }
        return (0..<4).map { UInt64(words[2 * $0]) | UInt64(words[2 * $0 + 1]) << 32 }
    }
}
