import Foundation
import Logging
import Scoring
import FeatureStore
import Testing
import Wire
import WorkerNode

@Suite("The worker's desk and what it keeps")
struct InferenceDeskTests {
    private let folder = StoreFolder(path: NSTemporaryDirectory() + "sz-desk-\(UUID().uuidString.prefix(8))")

    private func desk(_ model: CountingModel, store: Bool, memoryBytes: Int = 1 << 20) -> InferenceExecutor {
        let place = store ? WorkerNode.StorePlace(folder: folder, bytesMax: 1 << 20) : nil
        let logger = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
        return InferenceExecutor(
            model: model, kept: TieredFeatureCache(memoryBytes: memoryBytes, store: place, for: model, logger: logger))
    }

    private static let context: ContextBlock? = {
        let rows = (0..<4).compactMap { index in
            Outcome(reward: Double(index % 2)).map { ContextSet.Row(text: "context \(index)", outcome: $0) }
        }
        return ContextSet(rows).map { ContextBlock($0) }
    }()

    private func score(_ desk: inout InferenceExecutor, _ texts: [String]) throws -> AnswerBlock {
        let context = try #require(Self.context)
        #expect(desk.prepare(context, onProgress: {}) == nil)
        let (answers, faults, _) = desk.score(TextBlock(texts), context: context.digest, onProgress: {})
        #expect(faults.isEmpty)
        return answers
    }

    @Test("a second worker with the same store embeds nothing, whatever its head, and answers by the same features")
    func secondWorker() throws {
        let texts = (0..<200).map { "prompt \($0 % 150)" }
        let first = CountingModel(head: "one")
        var desk = desk(first, store: true)
        let answers = try score(&desk, texts)
        // 150 texts and 4 of the context; what repeats within a chunk or later is there.
        #expect(first.embedded == 154)
        let second = CountingModel(head: "two")
        var another = self.desk(second, store: true)
        #expect(try score(&another, texts) == answers)
        #expect(second.embedded == 0)
        _ = try folder.clear()
    }

    @Test("another encoder finds nothing of the first one's")
    func otherEncoder() throws {
        var desk = desk(CountingModel(), store: true)
        _ = try score(&desk, ["a", "b"])
        let other = CountingModel(encoder: "other")
        var another = self.desk(other, store: true)
        _ = try score(&another, ["a", "b"])
        #expect(other.embedded == 6)
        _ = try folder.clear()
    }

    @Test("with no store, or one that cannot be, memory keeps; with neither, everything is embedded")
    func withoutStore() throws {
        for (memoryBytes, embedded) in [(1 << 20, 6), (0, 8 + 4)] {
            let model = CountingModel()
            var desk = desk(model, store: false, memoryBytes: memoryBytes)
            _ = try score(&desk, ["a", "b"])
            _ = try score(&desk, ["a", "b"])
            #expect(model.embedded == embedded)
        }
        try Data().write(to: URL(fileURLWithPath: folder.path))
        let model = CountingModel()
        var desk = desk(model, store: true)
        _ = try score(&desk, ["a", "b"])
        _ = try score(&desk, ["a", "b"])
        #expect(model.embedded == 6)
        try FileManager.default.removeItem(atPath: folder.path)
    }
}

/// Counts the texts that it embeds; p follows from the text's length.
private final class CountingModel: ValueModel {
    let fingerprint: ModelFingerprint
    let encoderFingerprint: ModelFingerprint
    private(set) var embedded = 0

    init(encoder: String = "encoder", head: String = "head") {
        encoderFingerprint = ModelFingerprint(name: encoder, digest: Digest(of: encoder))
        fingerprint = ModelFingerprint(name: encoder + head, digest: Digest(of: encoder + head))
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        embedded += texts.count
        return FeatureMatrix(
            columns: 2, values: texts.flatMap { [Float($0.utf8.count), 1] }, isTruncated: texts.map { $0.count > 9 })
    }

    private struct Prepared: PreparedContext {
        let contextDigest: Digest
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
        Prepared(contextDigest: context.digest)
    }

    func predict(
        _ queries: FeatureMatrix, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        var predictions: [Prediction] = []
        for row in 0..<queries.rows {
            let p = queries.values[row * 2] / 100
            let flags: Prediction.Flags = queries.isTruncated[row] ? .truncated : []
            guard let prediction = Prediction(p: p, kappa: 3, pLo: p / 2, pHi: p, flags: flags) else {
                throw .notFinite(stage: "test", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}
