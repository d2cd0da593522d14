import FeatureStore
import Foundation
import Scoring
import TestSupport
import Testing
import Wire
import WorkerNode

@Suite("InferenceExecutor: features from store, memory or model")
struct InferenceExecutorTests {
    private let scratch: ScratchFolder
    private let folder: StoreFolder

    init() throws {
        scratch = try ScratchFolder()
        folder = StoreFolder(path: scratch.file("store"))
    }

    private func executor(_ model: CountingModel, store: Bool, memoryBytes: Int = 1 << 20) -> InferenceExecutor {
        let place = store ? StorePlace(folder: folder, bytesMax: 1 << 20) : nil
        return InferenceExecutor(
            model: model,
            cache: TieredFeatureCache(
                memory: FeatureCache(bytesMax: memoryBytes), store: place, for: model, onFailure: { _ in }))
    }

    private static let context: ContextBlock? = {
        let rows = (0..<4).compactMap { index in
            Outcome(reward: Double(index % 2)).map { ContextSet.Row(text: "context \(index)", outcome: $0) }
        }
        return ContextSet(rows).map { ContextBlock($0) }
    }()

    private func score(_ executor: inout InferenceExecutor, _ texts: [String]) throws -> AnswerBlock {
        let context = try #require(Self.context)
        #expect(try executor.prepare(context, onProgress: {}) == nil)
        let (answers, faults, _) = try executor.score(TextBlock(texts), context: context.digest, onProgress: {})
        #expect(faults.isEmpty)
        return answers
    }

    @Test("a second worker with the same store embeds nothing, whatever its head, and gives the same answers")
    func secondWorker() throws {
        let texts = (0..<200).map { "prompt \($0 % 150)" }
        let first = CountingModel(head: "one")
        var executor = self.executor(first, store: true)
        let answers = try score(&executor, texts)
        // 150 texts and 4 of the context; repeated texts are embedded once.
        #expect(first.embedded == 154)
        let second = CountingModel(head: "two")
        var another = self.executor(second, store: true)
        #expect(try score(&another, texts) == answers)
        #expect(second.embedded == 0)
    }

    @Test("another encoder finds none of the first one's features")
    func otherEncoder() throws {
        var executor = self.executor(CountingModel(), store: true)
        _ = try score(&executor, ["a", "b"])
        let other = CountingModel(encoder: "other")
        var another = self.executor(other, store: true)
        _ = try score(&another, ["a", "b"])
        #expect(other.embedded == 6)
    }

    @Test("without a usable store, features are cached in memory; without memory, every text is embedded")
    func withoutStore() throws {
        for (memoryBytes, embedded) in [(1 << 20, 6), (0, 8 + 4)] {
            let model = CountingModel()
            var executor = self.executor(model, store: false, memoryBytes: memoryBytes)
            _ = try score(&executor, ["a", "b"])
            _ = try score(&executor, ["a", "b"])
            #expect(model.embedded == embedded)
        }
        try Data().write(to: URL(fileURLWithPath: folder.path))
        let model = CountingModel()
        var executor = self.executor(model, store: true)
        _ = try score(&executor, ["a", "b"])
        _ = try score(&executor, ["a", "b"])
        #expect(model.embedded == 6)
    }

    @Test(
        "texts that the encoder refuses are faults of their rows; the others are scored, and calls are as long as the model likes"
    )
    func refusedTexts() throws {
        let context = try #require(Self.context)
        let model = PartialModel(refused: ["b", "f"], rowsPerCall: 3)
        var executor = InferenceExecutor(
            model: model, cache: TieredFeatureCache(memory: FeatureCache(bytesMax: 1 << 20)))
        #expect(try executor.prepare(context, onProgress: {}) == nil)
        let (answers, faults, _) = try executor.score(
            TextBlock(["a", "b", "c", "d", "e", "f"]), context: context.digest, onProgress: {})
        #expect(faults.map(\.row) == [1, 5] && faults.allSatisfy { $0.message.contains("too long") })
        #expect(answers.count == 6 && model.callsMax == 3)
        let (none, all, _) = try executor.score(TextBlock(["b", "f"]), context: context.digest, onProgress: {})
        #expect(all.map(\.code) == ["embedding_failed", "embedding_failed"] && none.count == 2)
    }

    @Test("a model that is unavailable fails neither rows nor contexts: the caller learns why")
    func unavailable() throws {
        let context = try #require(Self.context)
        let model = PartialModel(refused: [], rowsPerCall: 64)
        var executor = InferenceExecutor(
            model: model, cache: TieredFeatureCache(memory: FeatureCache(bytesMax: 1 << 20)))
        #expect(try executor.prepare(context, onProgress: {}) == nil)
        model.isUnavailable = true
        #expect(throws: ValueModelError.unavailable("server down")) {
            try executor.score(TextBlock(["a"]), context: context.digest, onProgress: {})
        }
        let model2 = PartialModel(refused: [], rowsPerCall: 64)
        model2.isUnavailable = true
        var other = InferenceExecutor(model: model2, cache: TieredFeatureCache(memory: FeatureCache(bytesMax: 1 << 20)))
        #expect(throws: ValueModelError.unavailable("server down")) { try other.prepare(context, onProgress: {}) }
    }
}
