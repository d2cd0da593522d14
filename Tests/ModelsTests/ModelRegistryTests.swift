import Encoders
import Foundation
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
        try GoldenEncoderFolder.copy(name)
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

    @Test(
        "how an encoder reads texts is the same without its network",
        arguments: ["tiny", "bge", "e5", "xlmr", "qwen3", "static", "model2vec"])
    func readings(name: String) throws {
        let folder = try Self.encoderFolder(name)
        if name == "tiny" {
            try ScratchFolder.write(#"{"mask_token": "word63"}"#, to: "\(folder)/tokenizer_config.json")
        }
        let texts = ["", "what is the sum?", "\u{13000} " + String(repeating: "what is ", count: 5000)]
        let encoder = try ModelConfiguration(ModelPlace(folder)).embeddingEncoder(ModelSettings())
        let expected = try #require(encoder.measure(texts))
        let reading = try ModelConfiguration(ModelPlace(folder)).reading()
        #expect(reading.measure(texts) == expected)
        #expect(reading.name == encoder.facts.name && reading.windowTokens == encoder.facts.windowTokens)
    }

    @Test("a folder's configuration says its family", arguments: ["bge", "e5", "dense", "xlmr", "qwen3"])
    func families(name: String) throws {
        guard case .sentencePipeline = try ModelConfiguration(ModelPlace(try Self.encoderFolder(name))) else {
            Issue.record("\(name) is of another family")
            return
        }
        guard case .bert = try ModelConfiguration(ModelPlace(try Self.encoderFolder("tiny"))) else {
            Issue.record("tiny is of another family")
            return
        }
        guard case .staticTable = try ModelConfiguration(ModelPlace(try Self.encoderFolder("static"))) else {
            Issue.record("static is of another family")
            return
        }
    }

    @Test(
        "a model of each family predicts; the head that was trained on another encoder is refused",
        arguments: [("e5", 32), ("xlmr", 32), ("qwen3", 32), ("static", 24), ("model2vec", 16)])
    func predicts(name: String, width: Int) throws {
        let place = ModelPlace(try Self.encoderFolder(name))
        let loaded = try ModelRegistry.load(place, settings: ModelSettings(head: .gaussianProcess))
        #expect(loaded.embeddingColumns == width)
        let isTable = ["static", "model2vec"].contains(name)
        #expect((loaded.packedWeights == nil) == isTable && loaded.model.shouldCacheFeatures != isTable)
        #expect(loaded.model.measure(["a b", ""])?.map(\.isTruncated) == [false, false])
        let texts = (1...24).map { "What is \($0) + \($0 * 7)?" }
        let context = try #require(
            ContextSet(
                texts.enumerated().compactMap { row, text in
                    Outcome(reward: row % 2 == 0 ? 1 : 0).map { ContextSet.Row(text: text, outcome: $0) }
                }))
        let features = try loaded.model.embed(texts)
        #expect(features.columns == width + SurfaceFeatures.count)
        let prepared = try loaded.model.prepare(context, features: features)
        #expect(try loaded.model.predict(features, in: prepared).count == 24)
        let error = #expect(throws: ModelError.self) { try ModelRegistry.load(place, settings: ModelSettings()) }
        #expect("\(try #require(error))".contains("--head gaussian-process"))
    }

    @Test("a trained head goes with the encoder that its file names, and with no other")
    func trainedEncoder() throws {
        func head(_ metadata: [(String, String)]) throws -> HeadSource {
            let file = try ScratchFolder.new() + "/head.safetensors"
            var writer = SafetensorsWriter(metadata: metadata)
            writer.append("any", [Float](repeating: 0, count: 1), shape: Shape(1))
            try Data(writer.bytes).write(to: URL(filePath: file))
            return .weights(file: file)
        }
        let folder = try Self.encoderFolder("bge")
        let configuration = try ModelConfiguration(ModelPlace(folder))
        let name = URL(filePath: folder).lastPathComponent
        try configuration.check(.kind(.gaussianProcess))
        try configuration.check(head([("encoder", name), ("embedding", "32")]))
        for metadata in [[("encoder", "other"), ("embedding", "32")], []] {
            let error = #expect(throws: ModelError.self) { try configuration.check(head(metadata)) }
            let trained = metadata.first?.1 ?? "all-MiniLM-L6-v2"
            #expect("\(try #require(error))".contains("was trained on \(trained)"))
        }
        let tiny = try ModelConfiguration(ModelPlace(Self.encoderFolder("tiny")))
        guard case .bert(let plain) = tiny else { return }
        let wide = #expect(throws: ModelError.self) {
            try tiny.check(head([("encoder", plain.name), ("embedding", "384")]))
        }
        #expect("\(try #require(wide))".contains("width of an embedding"))
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
