/// Runs of one to three characters of a text, by place of a hash, with their numbers: what a text says where an encoder
/// knows no words, and for the share of a text that it does not read.
package struct CharacterGrams: Sendable, Equatable {
    /// Places that occur, in order of first occurrence, below `placeCount`.
    package let places: [UInt32]
    /// By place: how often.
    package let counts: [UInt16]
    /// Share of characters of wide scripts (Chinese, Japanese, Korean …).
    package let wideShare: Double

    /// Places of the hash.
    package static let placeCount = 1 << 17

    /// Lists the places.
    package init(places: [UInt32], counts: [UInt16], wideShare: Double) {
        (self.places, self.counts, self.wideShare) = (places, counts, wideShare)
    }
}

/// Reads texts into character runs. HEAD.md in `scripts/train`, section "Character n-grams", has the hash to the bit;
/// `scripts/head/character_grams.py` is the slow version.
///
/// Keeps a table between texts, so it belongs to one thread at a time.
package final class CharacterGramReader {
    private var table = [UInt16](repeating: 0, count: CharacterGrams.placeCount)

    private static let scalarsMax = 2000
    private static let longest = 3
    private static let offset: UInt32 = 2_166_136_261
    private static let prime: UInt32 = 16_777_619
    private static let wideFrom: UInt32 = 0x2E80

    /// An empty table, 256 KB.
    package init() {}

    /// Reads the first 2,000 Unicode scalars of a text. Cost: some 20 µs a thousand.
    package func read(_ text: String) -> CharacterGrams {
        var scalars: [UInt32] = []
        scalars.reserveCapacity(min(text.utf8.count, Self.scalarsMax))
        var wide = 0
        for scalar in text.unicodeScalars {
            if scalars.count == Self.scalarsMax { break }
            let value = scalar.value
            if value > Self.wideFrom { wide += 1 }
            scalars.append(value >= 65 && value <= 90 ? value + 32 : value)
        }
        // In a variable of its own: every access to one of the class would be checked, as long as the loop itself.
        var table: [UInt16] = []
        swap(&table, &self.table)
        var places: [UInt32] = []
        places.reserveCapacity(scalars.count * 2)
        for start in scalars.indices {
            var hash = Self.offset
            for index in start..<min(start + Self.longest, scalars.count) {
                hash = (hash ^ scalars[index]) &* Self.prime
                let place = Self.mixed(hash) % UInt32(CharacterGrams.placeCount)
                let known = table[Int(place)]
                if known == 0 { places.append(place) }
                table[Int(place)] = known + 1
            }
        }
        let counts = places.map { table[Int($0)] }
        for place in places { table[Int(place)] = 0 }
        swap(&table, &self.table)
        let share = scalars.isEmpty ? 0 : Double(wide) / Double(scalars.count)
        return CharacterGrams(places: places, counts: counts, wideShare: share)
    }

    /// All bits into the low ones: the last step of MurmurHash3.
    private static func mixed(_ hash: UInt32) -> UInt32 {
        var h = hash ^ (hash >> 16)
        h = h &* 0x85eb_ca6b
        h ^= h >> 13
        h = h &* 0xc2b2_ae35
        return h ^ (h >> 16)
    }
}
