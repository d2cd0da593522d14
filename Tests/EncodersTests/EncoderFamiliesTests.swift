import Encoders
import Foundation
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

/// Families beyond BERT, against `scripts/goldens/encoder/make_families.py`.
@Suite("Encoder families: XLM-RoBERTa, Qwen3-Embedding, static tables")
struct EncoderFamiliesTests {
    private struct Texts: Decodable {
        let texts: [String]
        let long: [String]
    }

    private static let widths = ["xlmr": 32, "qwen3": 32, "static": 24, "model2vec": 16, "bge": 32, "e5": 32]

    private static func texts() throws -> Texts {
        let file = URL(filePath: "\(EncoderGolden.folder)/family_texts.json")
        return try JSONDecoder().decode(Texts.self, from: Data(contentsOf: file))
    }

    static func encoder(_ path: String, precision: Precision = .float32) throws -> any TextEncoder {
        if try StaticTableFolder.matches(path) { return try StaticTableEncoder(folder: StaticTableFolder(path: path)) }
        return try SentencePipelineEncoder(
            folder: SentencePipelineFolder(path: path), threads: 2, precision: precision)
    }

    @Test(
        "embeddings are those of sentence-transformers, also of hostile texts in many scripts",
        arguments: ["xlmr", "qwen3", "static", "model2vec"])
    func golden(name: String) throws {
        let encoder = try Self.encoder(GoldenEncoderFolder.copy(name))
        let texts = try Self.texts().texts
        let width = try #require(Self.widths[name])
        let expected = try SafetensorsFile(path: "\(EncoderGolden.folder)/families.safetensors")
            .floats(name, shape: Shape(texts.count, width))
        let found = try encoder.encode(texts)
        let error = largestDifference(found.values, expected)
        print("\(name): max error \(error) over \(texts.count) texts (tolerance 1e-5)")
        #expect(encoder.facts.width == width && error <= 1e-5)
        for row in texts.indices {
            let part = Array(expected[row * width..<(row + 1) * width])
            let rowError = largestDifference(Array(found.row(row)), part)
            #expect(rowError <= 1e-5, "\(texts[row].debugDescription): \(rowError)")
        }
    }

    @Test(
        "long texts are pooled over windows by the rule, with every pooling", arguments: ["bge", "e5", "xlmr", "qwen3"])
    func windows(name: String) throws {
        let encoder = try Self.encoder(GoldenEncoderFolder.copy(name))
        let texts = try Self.texts().long
        let expected = try SafetensorsFile(path: "\(EncoderGolden.folder)/windows.safetensors")
            .floats(name, shape: Shape(texts.count, 32))
        let found = try encoder.encode(texts)
        let error = largestDifference(found.values, expected)
        print("\(name), windows: max error \(error) over \(texts.count) texts (tolerance 1e-5)")
        #expect(error <= 1e-5)
        #expect(found.isTruncated.last == true)
    }

    @Test("a text's tokens and unknown tokens are counted without the prompt, each once")
    func measures() throws {
        let xlmr = try Self.encoder(GoldenEncoderFolder.copy("xlmr"))
        let none = try #require(xlmr.measure([""]))
        #expect(none == [TextMeasure(tokens: 0, unknownTokens: 0, isTruncated: false)])
        let long = String(repeating: "what is the sum ", count: 40)
        let found = try #require(xlmr.measure([long, "what is \u{13000}", String(repeating: long, count: 50)]))
        #expect(found[0].tokens > 64 && found[0].unknownTokens == 0 && !found[0].isTruncated)
        #expect(found[1].unknownTokens == 1 && found[2].isTruncated)
        for name in ["qwen3", "static"] {
            let measured = try #require(Self.encoder(GoldenEncoderFolder.copy(name)).measure(["\u{13000}"]))
            #expect(measured[0].unknownTokens == (name == "static" ? 1 : 0) && measured[0].tokens > 0)
        }
        var sum = TextMeasures()
        #expect(sum.truncatedShare == 0 && sum.unknownShare == 0)
        for measure in found { sum.add(measure) }
        #expect(sum.texts == 3 && sum.truncated == 1 && sum.unknownTokens == 1)
    }

    @Test("an embedding is the same bits alone and in a batch", arguments: ["xlmr", "qwen3", "static", "model2vec"])
    func sameBits(name: String) throws {
        let encoder = try Self.encoder(GoldenEncoderFolder.copy(name))
        let texts = try Self.texts().texts + Self.texts().long.prefix(1)
        let together = try encoder.encode(texts)
        for (row, text) in texts.enumerated() {
            #expect(try encoder.encode([text]).values.map(\.bitPattern) == together.row(row).map(\.bitPattern))
        }
    }

    @Test("in fewer bits the embeddings of Qwen3 and XLM-RoBERTa stay near", arguments: ["xlmr", "qwen3"])
    func fewerBits(name: String) throws {
        let folder = try GoldenEncoderFolder.copy(name)
        let texts = try Self.texts().texts.filter { $0.count > 2 }
        let exact = try Self.encoder(folder).encode(texts)
        for (precision, least) in [(Precision.bfloat16, Float(0.995)), (.int8, 0.97)] {
            let found = try Self.encoder(folder, precision: precision).encode(texts)
            for row in texts.indices {
                let cosine = zip(exact.row(row), found.row(row)).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(cosine > least, "\(precision), \(texts[row].debugDescription): \(cosine)")
            }
        }
    }

    @Test("a table that does not fit its tokenizer, or maps tokens beyond its rows, is refused")
    func tables() throws {
        let folder = try GoldenEncoderFolder.copy("model2vec")
        try GoldenEncoderFolder.setTokenizer("tokenizer-small", of: folder)
        let error = #expect(throws: ModelError.self) { try Self.encoder(folder) }
        #expect(error.map { "\($0)".contains("the weights have") } == true)

        let mapped = try GoldenEncoderFolder.copy("model2vec")
        var writer = SafetensorsWriter(metadata: [])
        writer.append("embeddings", [Float](repeating: 1, count: 8), shape: Shape(2, 4))
        writer.append("mapping", [UInt8](repeating: 2, count: 1402), shape: Shape(1402))
        try Data(writer.bytes).write(to: URL(filePath: "\(mapped)/model.safetensors"))
        let other = #expect(throws: ModelError.self) { try Self.encoder(mapped) }
        #expect(other.map { "\($0)".contains("row 2 of 2") } == true, "\(String(describing: other))")
    }

    @Test("a table without columns, or that is no table, is refused with its shape")
    func tableShapes() throws {
        for shape in [Shape(1402, 0), Shape(8)] {
            let folder = try GoldenEncoderFolder.copy("model2vec")
            var writer = SafetensorsWriter(metadata: [])
            writer.append("embeddings", [Float](repeating: 1, count: shape.elementCount ?? 0), shape: shape)
            try Data(writer.bytes).write(to: URL(filePath: "\(folder)/model.safetensors"))
            let error = #expect(throws: ModelError.self) { try Self.encoder(folder) }
            #expect(error.map { "\($0)".contains("its shape is \(shape)") } == true, "\(String(describing: error))")
        }
    }
}
