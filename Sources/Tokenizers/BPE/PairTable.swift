/// Values of pairs of numbers: an open hash table that is only read after it is built.
///
/// Keys and values share a cache line, and three quarters of the slots are free, because most questions are about pairs
/// that are not there and end at the first free slot.
struct PairTable: Sendable {
    private struct Slot {
        var key: UInt64
        var value: UInt64
    }

    /// Never a key's or an asked pair's: both numbers of those are below 2^31.
    private static let free = UInt64.max

    /// The answer for a pair that is not there.
    static let absent = UInt64.max

    private var slots: [Slot]
    private let shift: UInt64

    /// Reserves memory for `count` pairs.
    init(capacity count: Int) {
        var bits: UInt64 = 4
        while 1 << bits < 2 * count { bits += 1 }
        shift = 64 - bits
        slots = [Slot](repeating: Slot(key: Self.free, value: Self.absent), count: 1 << Int(bits))
    }

    /// Adds a pair; of equal pairs the last counts. At most as many pairs as were reserved.
    mutating func insert(_ first: UInt32, _ second: UInt32, value: UInt64) {
        let key = Self.key(first, second)
        var index = start(of: key)
        while slots[index].key != Self.free, slots[index].key != key { index = (index + 1) & (slots.count - 1) }
        slots[index] = Slot(key: key, value: value)
    }

    /// The value of a pair, or `absent`.
    @inline(__always)
    func value(_ first: UInt32, _ second: UInt32) -> UInt64 {
        let key = Self.key(first, second)
        var index = start(of: key)
        while true {
            let slot = slots[index]
            if slot.key == key { return slot.value }
            if slot.key == Self.free { return Self.absent }
            index = (index + 1) & (slots.count - 1)
        }
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    private func start(of key: UInt64) -> Int {
        // Fibonacci hashing after folding: both halves reach the bits that count.
        Int(truncatingIfNeeded: ((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }
}
