import RemoteEncoding
import Scoring
import Testing

@Suite("EncoderProbe: tells models apart, and not engines")
struct EncoderProbeTests {
    /// Vectors of norm about 1, as of an encoder with 384 columns.
    private static func vectors(seed: UInt64) -> [[Float]] {
        var random = SeededGenerator(seed: seed)
        return EncoderProbe.texts.map { _ in (0..<384).map { _ in normal(&random) / 19.6 } }
    }

    private static func normal(_ random: inout SeededGenerator) -> Float {
        (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
    }

    private static func disturbed(_ vectors: [[Float]], by share: Float, seed: UInt64) -> [[Float]] {
        var random = SeededGenerator(seed: seed)
        return vectors.map { $0.map { $0 + share / 19.6 * normal(&random) } }
    }

    @Test("engines that differ like float16 agree for 98 of 100 models or more, and always where the margin is safe")
    func engines() {
        var agreeing = 0
        for seed in 0..<500 as Range<UInt64> {
            let vectors = Self.vectors(seed: seed)
            let probe = EncoderProbe(vectors)
            let isSame = EncoderProbe(Self.disturbed(vectors, by: 1e-3, seed: seed &+ 999)).place == probe.place
            agreeing += isSame ? 1 : 0
            #expect(isSame || probe.margin < EncoderProbe.marginSafe)
        }
        #expect(agreeing >= 490)
    }

    @Test("five hundred models have as many probes, or almost")
    func models() {
        let places = Set((0..<500 as Range<UInt64>).map { EncoderProbe(Self.vectors(seed: $0)).place })
        // By chance, 500 · 499 / 2 pairs of 12,288 places coincide ten times.
        #expect(places.count > 470)
    }

    @Test("the place is text, column and sign of the largest deviation from the mean")
    func place() {
        var vectors = [[Float]](repeating: [9, 0, 0], count: 16)
        vectors[3][2] = -1
        vectors[5][1] = 0.5
        let probe = EncoderProbe(vectors)
        #expect(probe.place == "text 3, column 2, -")
        #expect(abs(probe.margin - 0.5) < 0.01)
        #expect(EncoderProbe([[Float]](repeating: [1, 1], count: 16)).margin == 0)
    }
}
