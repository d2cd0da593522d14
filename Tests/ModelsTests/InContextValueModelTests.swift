import Encoders
import Heads
import Models
import Scoring
import Synchronization
import Testing

@Suite("In-context value model")
struct InContextValueModelTests {
    /// Puts a text's length on a circle, or gives `replacement` to play a broken encoder.
    private final class CircleEncoder: TextEncoder {
        let facts = EncoderFacts(name: "circle", identity: "circle", width: 2)
        var replacement: Float?

        func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
            var values: [Float] = []
            for text in texts { values += text.utf8.count.isMultiple(of: 2) ? [1, 0] : [0, 1] }
            return FeatureMatrix(
                columns: 2, values: values.map { replacement ?? $0 }, isTruncated: texts.map { $0.utf8.count > 50 })
        }
    }

    private struct OtherContext: PreparedContext {
        let contextDigest = Digest(of: "other")
    }

    @Test("features are the embedding's columns, then the surface's, and truncation is kept")
    func layout() throws {
        let model = InContextValueModel(encoder: CircleEncoder(), head: GaussianProcessHead())
        let texts = ["What is 1 + 1?", String(repeating: "x", count: 51)]
        let features = try model.embed(texts)
        #expect(features.columns == 2 + SurfaceFeatures.count && model.featureColumns == features.columns)
        for (row, text) in texts.enumerated() {
            #expect(Array(features.row(row).suffix(SurfaceFeatures.count)) == SurfaceFeatures.features(of: text))
        }
        #expect(Array(features.row(0).prefix(2)) == [1, 0] && Array(features.row(1).prefix(2)) == [0, 1])
        #expect(features.isTruncated == [false, true])
    }

    @Test("prepare and predict go through the head; another model's context is refused by its digest")
    func predictions() throws {
        let model = InContextValueModel(encoder: CircleEncoder(), head: GaussianProcessHead())
        let texts = (1...40).map { String(repeating: "a", count: $0) }
        let rows = try texts.map { text in
            ContextSet.Row(text: text, outcome: try #require(Outcome(k: text.utf8.count % 2, n: 1)))
        }
        let set = ContextSet(rows)
        let context = try #require(set)
        let prepared = try model.prepare(context, features: try model.embed(texts))
        #expect(prepared.contextDigest == context.digest)
        let predictions = try model.predict(try model.embed(["odd", "even"]), in: prepared)
        #expect(predictions[0].p > 0.8 && predictions[1].p < 0.2)
        #expect(throws: ValueModelError.foreignContext(Digest(of: "other"))) {
            try model.predict(try model.embed(["odd"]), in: OtherContext())
        }
    }

    /// Texts as unit vectors of the width that the compact head reads, by their length.
    private final class AxisEncoder: TextEncoder {
        let facts = EncoderFacts(name: "axis", identity: "axis", width: 384)

        func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
            var values: [Float] = []
            for text in texts { values += (0..<facts.width).map { $0 == text.utf8.count % facts.width ? 1 : 0 } }
            return FeatureMatrix(columns: facts.width, values: values, isTruncated: texts.map { _ in false })
        }
    }

    @Test("with the compact head it predicts from no rows, reports progress, and refuses the other head's context")
    func compact() throws {
        let compact = InContextValueModel(encoder: AxisEncoder(), head: try CompactHead.load())
        let other = InContextValueModel(encoder: AxisEncoder(), head: GaussianProcessHead())
        let texts = (1...20).map { String(repeating: "a", count: $0) }
        let features = try compact.embed(texts)
        let context = try SampleContext.context(rewards: texts.map { Double($0.utf8.count % 2) })
        let steps = Mutex(0)
        compact.tellProgress { steps.withLock { $0 += 1 } }
        let prepared = try compact.prepare(context, features: features)
        #expect(steps.withLock { $0 } >= 5)
        #expect(try compact.predict(features, in: prepared).allSatisfy { $0.flags.isEmpty })
        let empty = try #require(ContextSet([]))
        let prior = try compact.prepare(empty, features: FeatureMatrix(columns: compact.featureColumns))
        #expect(try compact.predict(features, in: prior).count == 20)
        let foreign = ValueModelError.foreignContext(context.digest)
        let ofOther = try other.prepare(context, features: features)
        #expect(throws: foreign) { try compact.predict(features, in: ofOther) }
        #expect(throws: foreign) { try other.predict(features, in: prepared) }
    }

    @Test("an encoder that gives NaN is refused with the row")
    func notFinite() {
        let encoder = CircleEncoder()
        encoder.replacement = .nan
        let model = InContextValueModel(encoder: encoder, head: GaussianProcessHead())
        #expect(throws: ValueModelError.notFinite(stage: "the encoder", row: 0)) { try model.embed(["a", "b"]) }
    }
}
