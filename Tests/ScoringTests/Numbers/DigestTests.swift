import Crypto
import Scoring
import Testing

@Suite("Digest: SHA-256")
struct DigestTests {
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test("a text, its bytes and a fed hash function give one digest, in all forms")
    func forms() throws {
        let digest = Digest(of: "abc")
        #expect(digest.hex == Self.abc)
        #expect(digest.description == Self.abc)
        #expect(digest.short == "ba7816bf8f01")
        #expect(digest == Digest(of: Array("abc".utf8)))
        #expect(
            digest
                == Digest {
                    $0.update(data: Array("ab".utf8)); $0.update(data: Array("c".utf8))
                })
        #expect(digest == Digest(bytes: digest.bytes))
        #expect(digest == Digest(hex: Self.abc.uppercased()))
    }

    @Test("the first and the second eight bytes are numbers, first byte highest")
    func words() {
        let digest = Digest(of: "abc")
        #expect(digest.leading == 0xBA78_16BF_8F01_CFEA)
        #expect(digest.second == 0x4141_40DE_5DAE_2223)
    }

    @Test("only 32 bytes and 64 hexadecimal digits are a digest")
    func refused() {
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 33)) == nil)
        #expect(Digest(hex: String(Self.abc.dropLast())) == nil)
        #expect(Digest(hex: Self.abc.dropLast() + "g") == nil)
        #expect(Digest(hex: "") == nil)
    }

    @Test("digests sort as their hexadecimal digits do")
    func order() {
        let digests = (0..<100).map { Digest(of: "text \($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }
}
