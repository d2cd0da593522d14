import Encoders
import Foundation
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

@Suite("Sentence pipelines: the layouts of BGE and E5")
struct SentencePipelineTests {
    private static func path(_ name: String) -> String { "\(EncoderGolden.folder)/\(name)" }

    private static func texts() throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(filePath: path("sentence_texts.json"))))
    }

    private static func encoder(_ folder: String, threads: Int = 1) throws -> SentencePipelineEncoder {
        try SentencePipelineEncoder(folder: SentencePipelineFolder(path: folder), threads: threads)
    }

    /// Rows divided by their norm: the folder without Normalize gives vectors of other norms.
    private static func normalized(_ values: [Float], width: Int) -> [Float] {
        stride(from: 0, to: values.count, by: width).flatMap { start in
            let row = values[start..<start + width]
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / norm }
        }
    }

    @Test(
        "embeddings are those of sentence-transformers: CLS, mean with a prompt, a dense layer; up to 512 tokens",
        arguments: [("bge", 32), ("e5", 32), ("dense", 24)])
    func golden(name: String, width: Int) throws {
        let encoder = try Self.encoder(try ScratchFolder.copy(of: Self.path(name)), threads: 2)
        #expect(encoder.facts.width == width)
        let file = try SafetensorsFile(path: Self.path("\(name).safetensors"))
        let texts = try Self.texts()
        let expected = Self.normalized(
            try file.floats("embeddings", shape: Shape(texts.count, width)), width: width)
        let found = try encoder.encode(texts)
        // The reference cuts the last text at 512 tokens; here it is read in windows.
        let whole = texts.indices.filter { !texts[$0].hasPrefix("what is the sum what") }
        let error = largestDifference(
            whole.flatMap { found.row($0) }, whole.flatMap { expected[$0 * width..<($0 + 1) * width] })
        print(
            "\(name), \(encoder.facts.identity.suffix(60)): max error \(error) over \(whole.count) texts (tolerance 1e-5)"
        )
        #expect(error <= 1e-5)
        #expect(found.isTruncated.allSatisfy { !$0 })
    }

    @Test("an embedding is the same bits alone and in a batch", arguments: ["bge", "e5", "dense"])
    func sameBits(name: String) throws {
        let encoder = try Self.encoder(try ScratchFolder.copy(of: Self.path(name)), threads: 2)
        let texts = Array(try Self.texts().prefix(12))
        let together = try encoder.encode(texts)
        for (row, text) in texts.enumerated() {
            #expect(try encoder.encode([text]).values.map(\.bitPattern) == together.row(row).map(\.bitPattern))
        }
    }

    @Test("a folder with mean pooling alone is of the other family; a prompt, CLS or a dense layer makes it this one")
    func matches() throws {
        #expect(try !SentencePipelineFolder.matches("\(EncoderGolden.folder)/tiny"))
        for name in ["bge", "e5", "dense"] { #expect(try SentencePipelineFolder.matches(Self.path(name))) }
        let plain = try ScratchFolder.copy(of: Self.path("e5"))
        try FileManager.default.removeItem(atPath: "\(plain)/config_sentence_transformers.json")
        #expect(try !SentencePipelineFolder.matches(plain))
    }

    @Test("the prompt is the default one, or else the query's, or else none; a name without a prompt is refused")
    func prompts() throws {
        let folder = try ScratchFolder.copy(of: Self.path("bge"))
        let file = "\(folder)/config_sentence_transformers.json"
        #expect(try SentencePipelineFolder(path: folder).prompt.isEmpty)
        for (text, prompt) in [
            (#"{"prompts": {"query": "q: ", "x": "y "}, "default_prompt_name": "x"}"#, "y "),
            (#"{"prompts": {"query": "q: "}, "default_prompt_name": null}"#, "q: "),
            (#"{"prompts": {"document": "d: "}}"#, ""), (#"{"__version__": {}}"#, ""),
        ] {
            try ScratchFolder.write(text, to: file)
            #expect(try SentencePipelineFolder(path: folder).prompt == prompt, "\(text)")
        }
        try ScratchFolder.write(#"{"prompts": {"a": "b"}, "default_prompt_name": "c"}"#, to: file)
        #expect(throws: ModelError.self) { try SentencePipelineFolder(path: folder) }
    }

    @Test("the prompt changes the identity, and so does the digest of a dense layer's weights")
    func identity() throws {
        let folder = try ScratchFolder.copy(of: Self.path("dense"))
        let before = try Self.encoder(folder).facts.identity
        try ScratchFolder.write(#"{"prompts": {"query": "q: "}}"#, to: "\(folder)/config_sentence_transformers.json")
        let prompted = try Self.encoder(folder).facts.identity
        #expect(prompted != before)
        let weights = "\(folder)/2_Dense/model.safetensors"
        var bytes = try Data(contentsOf: URL(filePath: weights))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: weights))
        #expect(try Self.encoder(folder).facts.identity != prompted)
    }

    @Test("the names of modes that newer versions write are read too")
    func newNames() throws {
        let folder = try ScratchFolder.copy(of: Self.path("bge"))
        for (text, pooling) in [
            (
                #"{"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": true}"#,
                PipelineModules.Pooling.cls
            ),
            (#"{"pooling_mode": ["mean"], "include_prompt": true}"#, .mean),
        ] {
            try ScratchFolder.write(text, to: "\(folder)/1_Pooling/config.json")
            #expect(try PipelineModules(folder: folder).pooling == pooling)
        }
    }

    @Test(
        "what is not computed is refused by its key",
        arguments: [
            (
                "1_Pooling/config.json", #""pooling_mode_max_tokens": false"#, #""pooling_mode_max_tokens": true"#,
                "pooling"
            ),
            ("modules.json", "models.Dense", "models.LSTM", "list of modules"),
            ("modules.json", "2_Dense", "../2_Dense", "path"),
            ("2_Dense/config.json", "activation.Tanh", "activation.ReLU", "activation_function"),
            ("2_Dense/config.json", #""in_features": 32"#, #""in_features": 48"#, "linear.weight"),
            ("config.json", #""model_type": "bert""#, #""model_type": "roberta""#, "model_type"),
        ])
    func refusals(file: String, old: String, new: String, key: String) throws {
        let folder = try ScratchFolder.copy(of: Self.path("dense"))
        try ScratchFolder.edit("\(folder)/\(file)") { $0.replacingOccurrences(of: old, with: new) }
        let error = #expect(throws: ModelError.self) { _ = try Self.encoder(folder) }
        #expect("\(try #require(error))".contains(key), "\(String(describing: error))")
    }
}
