import Scoring
import Testing

@Suite("Seeded generator: SplitMix64")
struct SeededGeneratorTests {
    @Test("numbers are those of the published algorithm")
    func published() {
        var zero = SeededGenerator(seed: 0)
        #expect(
            (0..<3).map { _ in zero.next() } == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
        var other = SeededGenerator(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in other.next() } == [0x599E_D017_FB08_FC85, 0x2C73_F084_5854_0FA5, 0x883E_BCE5_A3F2_7C77])
    }

    @Test("a mixed seed is the first number of the seed's sequence")
    func mixed() {
        for seed: UInt64 in [0, 1, 2, .max] {
            var generator = SeededGenerator(seed: seed)
            #expect(SeededGenerator.mixed(seed) == generator.next())
        }
    }

    @Test("uniform numbers are in [0, 1) and have 53 bits")
    func unit() {
        var generator = SeededGenerator(seed: 1)
        #expect(
            (0..<3).map { _ in generator.unit() } == [0.5665615751722809, 0.7457817572627011, 0.9710027535867962])
        for _ in 0..<1000 { #expect((0..<1).contains(generator.unit())) }
    }
}
