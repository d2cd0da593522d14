import Scoring

/// Ids by token, compared byte by byte: an open hash table over one array that holds the bytes of all tokens.
///
/// Why not a dictionary: reading 150,000 merges asks half a million times, a third of it for two tokens joined, and a
/// dictionary would need a new string for each of them.
struct TokenIndex {
    /// The bytes of all tokens; token `i` ends where token `i + 1` starts.
    private var bytes: [UInt8] = []
    private var starts: [Int32] = [0]
    private var ids: [Int32] = []
    /// Index of a token, -1 where free.
    private var slots: [Int32]
    /// Number of different tokens.
    private(set) var count = 0

    /// Of equal tokens the last counts.
    init(_ tokens: [(token: String, id: Int32)]) {
        var size = 16
        while size < 2 * tokens.count { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        starts.reserveCapacity(tokens.count + 1)
        ids.reserveCapacity(tokens.count)
        for (index, entry) in tokens.enumerated() {
            bytes.append(contentsOf: entry.token.utf8)
            starts.append(Int32(bytes.count))
            ids.append(entry.id)
            let slot = slot(of: entry.token.utf8.span, Span())
            if slots[slot] < 0 { count += 1 }
            slots[slot] = Int32(index)
        }
    }

    /// The id of a token; `nil` if there is none.
    func id(of token: String) -> Int32? { id(of: token.utf8.span, Span()) }

    /// The id of the token that two stretches of bytes make when joined; `nil` if there is none.
    func id(of first: Span<UInt8>, _ second: Span<UInt8>) -> Int32? {
        let index = slots[slot(of: first, second)]
        return index < 0 ? nil : ids[Int(index)]
    }

    /// The slot of two stretches joined, or the free slot for them.
    private func slot(of first: Span<UInt8>, _ second: Span<UInt8>) -> Int {
        var hash = StableHash()
        hash.combine(first)
        hash.combine(second)
        // Folded, since only the upper bits of the hash are good.
        var slot = Int(truncatingIfNeeded: (hash.value ^ hash.value >> 32) & UInt64(slots.count - 1))
        while slots[slot] >= 0, !isToken(Int(slots[slot]), first, second) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private func isToken(_ index: Int, _ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        let start = Int(starts[index])
        guard Int(starts[index + 1]) - start == first.count + second.count else { return false }
        for i in first.indices where bytes[start + i] != first[i] { return false }
        for i in second.indices where bytes[start + first.count + i] != second[i] { return false }
        return true
    }
}
