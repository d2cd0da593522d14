/// Ids by token, for slices of a file's bytes: an open hash table that copies no token.
///
/// Why not a dictionary: reading 150,000 merges asks half a million times, a third of it for two tokens joined, and a
/// dictionary would want each of them as an array of its own.
struct TokenIndex {
    private let tokens: [(token: ArraySlice<UInt8>, id: Int32)]
    /// Index into `tokens`, -1 where free.
    private var slots: [Int32]
    /// How many different tokens there are.
    private(set) var count = 0

    /// Of equal tokens the last counts.
    init(_ tokens: [(token: ArraySlice<UInt8>, id: Int32)]) {
        self.tokens = tokens
        var size = 16
        while size < 2 * tokens.count { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        for index in tokens.indices {
            let slot = slot(of: tokens[index].token, [])
            if slots[slot] < 0 { count += 1 }
            slots[slot] = Int32(index)
        }
    }

    /// The id of two stretches of bytes joined.
    func id(of first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8> = []) -> Int32? {
        let index = slots[slot(of: first, second)]
        return index < 0 ? nil : tokens[Int(index)].id
    }

    /// Where two stretches joined stand, or would.
    private func slot(of first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>) -> Int {
        // FNV-1a, which goes on from stretch to stretch; folded, since only its upper bits are good.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in first { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in second { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var slot = Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(slots.count - 1))
        while slots[slot] >= 0 {
            let token = tokens[Int(slots[slot])].token
            if token.count == first.count + second.count, token.starts(with: first),
                token.dropFirst(first.count).elementsEqual(second)
            {
                break
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }
}
