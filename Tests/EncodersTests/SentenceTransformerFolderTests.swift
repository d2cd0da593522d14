import Encoders
import Foundation
import Kernels
import ModelFiles
import TestSupport
import Testing

@Suite("SentenceTransformerFolder")
struct ModelFolderTests {
    let tiny = "\(EncoderGolden.folder)/tiny"

    @Test("a sentence-transformers folder gives its sizes, pooling and length")
    func reads() throws {
        let folder = try SentenceTransformerFolder(path: tiny)
        #expect(folder.name == "tiny")
        let sizes = folder.configuration
        #expect((sizes.width, sizes.layers, sizes.heads, sizes.headWidth) == (32, 2, 4, 8))
        #expect((sizes.innerWidth, sizes.vocabulary, sizes.positions, sizes.types) == (64, 120, 64, 2))
        #expect(sizes.epsilon == 1e-12 && sizes.tokensMax == 48 && sizes.isNormalized)
    }

    @Test(
        "what is not computed here is refused by name",
        arguments: [
            ("config.json", #""model_type": "bert""#, #""model_type": "roberta""#, "model_type is roberta"),
            ("config.json", #""hidden_act": "gelu""#, #""hidden_act": "gelu_new""#, "hidden_act is gelu_new"),
            ("config.json", #""absolute""#, #""relative_key""#, "position_embedding_type is relative_key"),
            ("modules.json", "models.Normalize", "models.Dense", "Transformer, Pooling, Dense"),
            (
                "1_Pooling/config.json", #""pooling_mode_cls_token": false"#, #""pooling_mode_cls_token": true"#,
                "pooling is pooling_mode_cls_token + pooling_mode_mean_tokens"
            ),
            ("config.json", #""hidden_size": 32"#, #""hidden_size": 33"#, "33 does not divide into 4 heads"),
            ("config.json", #""hidden_size": 32"#, #""hidden_size": 0"#, "0 is not a possible size"),
            ("config.json", #""hidden_size": 32,"#, "", "hidden_size: the key is missing"),
            ("config.json", "{", "[", "not the JSON expected"),
        ])
    func refuses(file: String, old: String, new: String, message: String) throws {
        let copy = try ScratchFolder.copy(of: tiny)
        try ScratchFolder.edit("\(copy)/\(file)") { $0.replacingOccurrences(of: old, with: new) }
        let error = #expect(throws: ModelError.self) { try SentenceTransformerFolder(path: copy) }
        let text = error.map(String.init(describing:)) ?? ""
        #expect(text.contains(message) && text.contains(file), "\(text)")
    }

    @Test("weights of another size are refused by tensor, with both shapes")
    func otherSize() throws {
        let copy = try ScratchFolder.copy(of: tiny)
        try ScratchFolder.edit("\(copy)/config.json") {
            $0.replacingOccurrences(of: #""intermediate_size": 64"#, with: #""intermediate_size": 128"#)
        }
        let expected = ModelError.tensorShape(
            file: "\(copy)/model.safetensors", tensor: "encoder.layer.0.intermediate.dense.weight",
            expected: Shape(128, 32), found: Shape(64, 32))
        #expect(throws: expected) { try BertEncoder(folder: try SentenceTransformerFolder(path: copy)) }
    }

    @Test("a missing layer is refused by tensor")
    func missingTensor() throws {
        let copy = try ScratchFolder.copy(of: tiny)
        try ScratchFolder.edit("\(copy)/config.json") {
            $0.replacingOccurrences(of: #""num_hidden_layers": 2"#, with: #""num_hidden_layers": 3"#)
        }
        let expected = ModelError.tensorMissing(
            file: "\(copy)/model.safetensors", tensor: "encoder.layer.2.attention.self.query.weight")
        #expect(throws: expected) { try BertEncoder(folder: try SentenceTransformerFolder(path: copy)) }
    }

    @Test("the digest changes with any file that can change an answer, and with nothing else")
    func digest() throws {
        let first = try SentenceTransformerFolder(path: tiny).digest
        let copy = try ScratchFolder.copy(of: tiny)
        try ScratchFolder.write("# a model\n", to: "\(copy)/README.md")
        #expect(try SentenceTransformerFolder(path: copy).digest == first)
        for file in ["vocab.txt", "config.json", "1_Pooling/config.json"] {
            let other = try ScratchFolder.copy(of: tiny)
            try ScratchFolder.edit("\(other)/\(file)") { $0 + "\n" }
            #expect(try SentenceTransformerFolder(path: other).digest != first, "\(file)")
        }
        try ScratchFolder.write("{}", to: "\(copy)/tokenizer.json")
        #expect(try SentenceTransformerFolder(path: copy).digest != first)
    }

    @Test("a folder that is not there says which file was looked for")
    func nowhere() {
        #expect(throws: ModelError.unreadable(file: "/nowhere/config.json", reason: "no such file")) {
            try SentenceTransformerFolder(path: "/nowhere")
        }
    }
}
