import Encoders
import Heads
import Kernels
import ModelFiles
import Models
import Scoring
import TestSupport
import Testing

@Suite("Model registry")
struct ModelRegistryTests {
    private static func encoderFolder(_ name: String) throws -> String {
        try ScratchFolder.copy(of: Repository.path("Tests/Goldens/encoder/\(name)"))
    }

    @Test("a name is the table model, a V0 folder, or a sentence-transformers folder")
    func places() {
        #expect(ModelPlace("table") == .table(salt: 0, pausePerText: .zero))
        #expect(ModelPlace("table:7") == .table(salt: 7, pausePerText: .zero))
        #expect(ModelPlace("table:7:250") == .table(salt: 7, pausePerText: .microseconds(250)))
        #expect(ModelPlace("tables") == .sentenceTransformer(folder: "tables"))
        let v0 = Repository.path("Tests/Goldens/v0/last_token")
        #expect(ModelPlace(v0) == .v0(folder: v0))
        #expect(ModelPlace(v0).usesAllCores && !ModelPlace(v0).hasEmbeddings)
        #expect(ModelPlace("table").folder == nil && ModelPlace("a").hasEmbeddings)
    }

    @Test("a folder's configuration says its family", arguments: ["bge", "e5", "dense"])
    func families(name: String) throws {
        guard case .sentencePipeline = try ModelConfiguration(ModelPlace(try Self.encoderFolder(name))) else {
            Issue.record("\(name) is of another family")
            return
        }
        guard case .bert = try ModelConfiguration(ModelPlace(try Self.encoderFolder("tiny"))) else {
            Issue.record("tiny is of another family")
            return
        }
    }

    @Test("a model with the layout of E5 predicts; the head that was trained on another encoder is refused")
    func predicts() throws {
        let place = ModelPlace(try Self.encoderFolder("e5"))
        let loaded = try ModelRegistry.load(place, settings: ModelSettings(head: .gaussianProcess))
        #expect(loaded.embeddingColumns == 32 && loaded.packedWeights != nil)
        let texts = (1...24).map { "What is \($0) + \($0 * 7)?" }
        let context = try #require(
            ContextSet(
                texts.enumerated().compactMap { row, text in
                    Outcome(reward: row % 2 == 0 ? 1 : 0).map { ContextSet.Row(text: text, outcome: $0) }
                }))
        let features = try loaded.model.embed(texts)
        #expect(features.columns == 32 + SurfaceFeatures.count)
        let prepared = try loaded.model.prepare(context, features: features)
        #expect(try loaded.model.predict(features, in: prepared).count == 24)
        let error = #expect(throws: ModelError.self) { try ModelRegistry.load(place, settings: ModelSettings()) }
        #expect("\(try #require(error))".contains("--head gaussian-process"))
    }

    @Test("several heads share one encoder, and their models have fingerprints of their own")
    func heads() throws {
        let place = ModelPlace(try Self.encoderFolder("bge"))
        let file = try ScratchFolder.new() + "/kept"
        let (models, kept) = try ModelRegistry.load(
            place, heads: [.kind(.gaussianProcess)], settings: ModelSettings(), embeddings: file)
        let alone = try ModelRegistry.load(place, settings: ModelSettings(head: .gaussianProcess))
        #expect(models.map(\.model.fingerprint) == [alone.model.fingerprint])
        #expect(alone.model.fingerprint != alone.model.encoderFingerprint)
        _ = try models[0].model.embed(["a", "b"])
        #expect(kept?.unsaved == 2)
        let v0 = ModelPlace(Repository.path("Tests/Goldens/v0/last_token"))
        #expect(throws: ModelError.self) { try ModelRegistry.load(v0, heads: [], settings: ModelSettings()) }
    }
}
