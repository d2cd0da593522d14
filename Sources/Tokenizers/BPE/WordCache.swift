/// Ids of recent words: two thirds of the words of a text repeat, and merging them again would be most of the work.
///
/// Its size is bounded, a megabyte. A word has one slot and replaces the word that was there.
struct WordCache {
    /// Bytes of a word, padded with zeros, its length in the last one: equal words and only those have equal keys.
    struct Key {
        var bytes: SIMD4<UInt64>

        /// Longer words seldom repeat.
        static let bytesMax = 31

        /// `range` is not longer than `bytesMax`.
        @inline(__always)
        init(_ text: Span<UInt8>, _ range: Range<Int>) {
            let start = range.lowerBound
            let end = range.upperBound
            bytes = SIMD4(
                Self.word(text, start, end), Self.word(text, start + 8, end), Self.word(text, start + 16, end),
                Self.word(text, start + 24, end) | UInt64(end - start) << 56)
        }

        /// Up to eight bytes, the first lowest.
        @inline(__always)
        private static func word(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
            guard start < end else { return 0 }
            var word: UInt64 = 0
            var shift: UInt64 = 0
            for i in start..<min(end, start + 8) {
                word |= UInt64(text[i]) << shift
                shift += 8
            }
            return word
        }

        var hash: UInt64 {
            var hash = bytes[0] &* 0x9E37_79B9_7F4A_7C15 ^ bytes[1] &* 0xC2B2_AE3D_27D4_EB4F
            hash ^= bytes[2] &* 0x1656_67B1_9E37_79F9 ^ bytes[3] &* 0xD6E8_FEB8_6659_FD93
            return (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
        }
    }

    private struct Entry {
        var key: SIMD4<UInt64>
        /// The last element is how many of the others count.
        var ids: SIMD8<Int32>
    }

    private static let bits: UInt64 = 14
    static let idsMax = 7
    // No word has a length of 255.
    private var entries = [Entry](
        repeating: Entry(key: SIMD4(repeating: .max), ids: SIMD8(repeating: 0)), count: 1 << Int(bits))

    /// Appends the ids of a word if the cache has them.
    @inline(__always)
    func append(_ key: Key, to ids: inout [Int32]) -> Bool {
        let entry = entries[Int(truncatingIfNeeded: key.hash >> (64 - Self.bits))]
        guard entry.key == key.bytes else { return false }
        for i in 0..<Int(entry.ids[7]) { ids.append(entry.ids[i]) }
        return true
    }

    /// Keeps the ids of a word, at most `idsMax`.
    mutating func keep(_ key: Key, _ ids: ArraySlice<Int32>) {
        var entry = Entry(key: key.bytes, ids: SIMD8(repeating: 0))
        for (i, id) in ids.enumerated() { entry.ids[i] = id }
        entry.ids[7] = Int32(ids.count)
        entries[Int(truncatingIfNeeded: key.hash >> (64 - Self.bits))] = entry
    }
}
