import Heads
import Testing

@Suite("Surface features")
struct SurfaceFeaturesTests {
    @Test("features are those of the slow version for every awkward text")
    func golden() throws {
        let golden = try HeadGolden.read("surface.json", as: HeadGolden.Surface.self)
        var worst = 0.0
        for (text, expected) in zip(golden.texts, golden.features) {
            let found = SurfaceFeatures.features(of: text).map(Double.init)
            #expect(found.count == SurfaceFeatures.count && expected.count == SurfaceFeatures.count)
            for (index, pair) in zip(found, expected).enumerated() {
                #expect(abs(pair.0 - pair.1) < 1e-5, "feature \(index) of “\(text.prefix(30))”")
                worst = max(worst, abs(pair.0 - pair.1))
            }
        }
        print("surface: \(golden.texts.count) texts, maximum error \(worst)")
        #expect(golden.texts.count >= 15)
    }

    @Test("an empty text has finite features")
    func empty() {
        #expect(SurfaceFeatures.features(of: "").allSatisfy { $0 == 0 })
    }
}
