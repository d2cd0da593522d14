import Encoders
import Foundation
import ModelFiles
import Models
import Scoring
import TestSupport
import Testing

@Suite("Embedding file")
struct EmbeddingFileTests {
    /// Gives a text's length and a third; records the texts of each call.
    private final class LengthEncoder: TextEncoder {
        let facts: EncoderFacts
        var asked: [String] = []
        var last: Float = 1.0 / 3

        init(identity: String = "maker") { facts = EncoderFacts(name: "length", identity: identity, width: 2) }

        func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
            asked += texts
            let values = texts.flatMap { text -> [Float] in [Float(text.utf8.count), last] }
            return FeatureMatrix(columns: 2, values: values, isTruncated: texts.map { $0.utf8.count > 3 })
        }
    }

    private static let maker = Digest(of: "maker")

    private static func place() throws -> String { try ScratchFolder.new() + "/kept" }

    @Test("a text is embedded once, however often it is asked for, and in the next run not at all")
    func once() throws {
        let file = try Self.place()
        let encoder = LengthEncoder()
        let kept = try EmbeddingFile(of: encoder, file: file)
        let first = try kept.encode(["aa", "b", "aa", "long text"])
        let third: Float = 1.0 / 3
        #expect(first.values == [2, third, 1, third, 2, third, 9, third])
        #expect(first.isTruncated == [false, false, false, true])
        #expect(encoder.asked == ["aa", "b", "long text"])
        #expect(kept.count == 3 && kept.unsaved == 3)
        try kept.save()
        #expect(kept.unsaved == 0)

        let next = LengthEncoder()
        let again = try EmbeddingFile(of: next, file: file)
        let second = try again.encode(["long text", "ccc", "b"])
        #expect(second.values == [9, third, 3, third, 1, third])
        #expect(second.isTruncated == [true, false, false])
        #expect(next.asked == ["ccc"])
        #expect(again.count == 4 && again.unsaved == 1)
    }

    @Test("the file names each row's text by its digest, so that another program can read it")
    func layout() throws {
        let file = try Self.place()
        let kept = try EmbeddingFile(of: LengthEncoder(), file: file)
        let texts = ["one", "three", "fifteen", ""]
        _ = try kept.encode(texts)
        try kept.save()
        let tensors = try SafetensorsFile(path: file)
        let digests = try tensors.integers("digests")
        let values = try tensors.floats("embeddings")
        let rows = texts.sorted { Digest(of: $0) < Digest(of: $1) }
        let found = digests.map { UInt8($0) }
        #expect(found == rows.flatMap { Digest(of: $0).bytes })
        let expected = rows.flatMap { text -> [Float] in [Float(text.utf8.count), 1.0 / 3] }
        #expect(values == expected)
        #expect(tensors.header.metadata["maker"] == Self.maker.hex)
    }

    @Test("a file of another encoder, and a file that is not safetensors, are refused before anything is embedded")
    func foreign() throws {
        let file = try Self.place()
        let kept = try EmbeddingFile(of: LengthEncoder(), file: file)
        _ = try kept.encode(["a"])
        try kept.save()
        let other = Digest(of: "another maker")
        #expect(
            throws: ModelError.foreignEmbeddings(
                file: file, found: String(Self.maker.hex.prefix(12)), expected: other.short)
        ) {
            try EmbeddingFile(of: LengthEncoder(identity: "another maker"), file: file)
        }
        let broken = try ScratchFolder.file([1, 2, 3])
        #expect(throws: ModelError.self) { try EmbeddingFile(of: LengthEncoder(), file: broken) }
    }

    @Test(
        "an embedding that is not a number is reported with its row and not kept; so is a file that cannot be written")
    func failures() throws {
        let encoder = LengthEncoder()
        encoder.last = .nan
        let kept = try EmbeddingFile(of: encoder, file: try Self.place() + "/no-such-folder/file")
        #expect(throws: ValueModelError.notFinite(stage: "the encoder", row: 1)) {
            encoder.last = 0
            _ = try kept.encode(["a"])
            encoder.last = .nan
            _ = try kept.encode(["a", "b"])
        }
        #expect(kept.count == 1)
        #expect(throws: ModelError.self) { try kept.save() }
        #expect(kept.unsaved == 1)
    }
}
