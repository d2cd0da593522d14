import Scoring
import Testing

@Suite("Byte counts for people")
struct ByteCountTests {
    @Test(
        "binary units with three digits",
        arguments: [
            (0, "0 bytes"), (512, "512 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"),
            (5_315_000_000, "4.95 GiB"), (83_047_219, "79.2 MiB"), (1 << 40, "1 TiB"), (1 << 50, "1024 TiB"),
        ])
    func units(bytes: Int, text: String) {
        #expect(ByteCount(bytes).description == text)
    }
}
