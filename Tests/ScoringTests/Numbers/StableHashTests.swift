import Scoring
import Testing

@Suite("Stable hash: the same value on every machine")
struct StableHashTests {
    @Test(
        "values are those of FNV-1a, 64 bits",
        arguments: [
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8),
            ("Straße", 0xFDAD_232C_FDE8_9ED8),
        ] as [(String, UInt64)])
    func published(text: String, value: UInt64) {
        #expect(StableHash(of: text).value == value)
    }

    @Test(
        "a seed gives another hash of the same text",
        arguments: [
            ("", 0xCBF2_9CE4_8422_2322), ("foobar", 0x0063_2D87_E6CE_D0D3),
        ] as [(String, UInt64)])
    func seeded(text: String, value: UInt64) {
        #expect(StableHash(of: text, seed: 7).value == value)
    }

    @Test("the mixed value is the hash after one step of SplitMix64")
    func mixed() {
        #expect(StableHash(of: "prompt-1").mixed == 0x4B9B_8BE2_7E0C_C7E3)
        #expect(StableHash(of: "prompt-1", seed: 42).mixed == 0x137E_C1E2_519B_70D7)
    }

    @Test("bytes added one by one, together or in two parts give one hash")
    func inParts() {
        let bytes = Array("a prompt".utf8)
        var single = StableHash()
        for byte in bytes { single.combine(byte) }
        var parts = StableHash()
        parts.combine(bytes[..<3])
        parts.combine(bytes[3...])
        #expect(single == StableHash(of: "a prompt"))
        #expect(parts == StableHash(of: "a prompt"))
    }

    @Test("eight bytes at once are another hash than the same bytes one by one")
    func words() {
        var hash = StableHash()
        hash.combine(word: 0x6867_6665_6463_6261)
        #expect(hash.value == 0x3919_EEB1_C62E_930C)
        #expect(hash != StableHash(of: "abcdefgh"))
        #expect(StableHash(words: "abcdefgh") == hash)
        hash.combine(Array("Straße".utf8))
        #expect(StableHash(words: "abcdefghStraße") == hash)
        #expect(StableHash(words: "Straße") == StableHash(of: "Straße"))
        #expect(StableHash(words: "abcdefgh", seed: 7) != StableHash(words: "abcdefgh"))
    }
}
