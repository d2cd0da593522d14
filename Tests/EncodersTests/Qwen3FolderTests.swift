import Encoders
import Foundation
import Kernels
import ModelFiles
import TestSupport
import Testing

@Suite("Qwen3Folder, Checkpoint, Qwen3Configuration")
struct Qwen3FolderTests {
    @Test("a folder is read with its sizes and all its tensors", arguments: Qwen3Golden.names)
    func reads(name: String) throws {
        let folder = try Qwen3Golden(name).folder
        let sizes = folder.configuration
        #expect(sizes.headWidth == 16 && sizes.positions == 128 && sizes.theta == 1e6 && sizes.epsilon == 1e-6)
        #expect(folder.checkpoint.files.count == (name == "plain" ? 1 : 3))
        #expect(folder.checkpoint.names.count == 2 + 11 * sizes.layers)
        let copy = try Qwen3Folder(path: try ScratchFolder.copy(of: folder.path))
        let digest = try folder.digest()
        #expect(try copy.digest() == digest)
    }

    @Test(
        "what is not computed here is refused by key",
        arguments: [
            ("\"model_type\": \"qwen3\"", "\"model_type\": \"llama\"", "model_type"),
            ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act"),
            ("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0}", "rope_scaling"),
            ("\"attention_bias\": false", "\"attention_bias\": true", "attention_bias"),
            ("\"use_sliding_window\": false", "\"use_sliding_window\": true", "use_sliding_window"),
            ("\"full_attention\"\n", "\"sliding_attention\"\n", "layer_types"),
            ("\"use_cache\": true", "\"quantization_config\": {\"bits\": 4}", "quantization_config"),
            ("\"hidden_size\": 32", "\"hidden_size\": 24", "hidden_size"),
            ("\"head_dim\": 16", "\"head_dim\": 8", "head_dim"),
        ])
    func unsupported(old: String, new: String, key: String) throws {
        let error = #expect(throws: ModelError.self) { try Self.edited(old, new) }
        guard case .unsupported(let file, key, _, _)? = error else {
            Issue.record("not the error expected: \(String(describing: error))")
            return
        }
        #expect(file.hasSuffix("config.json"))
    }

    @Test(
        "sizes that are none are refused by key",
        arguments: [
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 0", "num_hidden_layers"),
            ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "num_key_value_heads"),
            ("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 0", "rms_norm_eps"),
            ("\"rope_theta\": 1000000", "\"rope_theta\": 0.5", "rope_theta"),
            ("\"rope_theta\": 1000000", "\"rope\": 7", "rope_theta"),
            ("\"vocab_size\": 120", "\"vocabulary\": 120", "vocab_size"),
            ("\"vocab_size\": 120", "\"vocab_size\": \"120\"", "vocab_size"),
        ])
    func damaged(old: String, new: String, key: String) throws {
        let error = #expect(throws: ModelError.self) { try Self.edited(old, new) }
        guard case .damaged(_, key, _)? = error else {
            Issue.record("not the error expected: \(String(describing: error))")
            return
        }
    }

    @Test("θ is read where later versions of transformers write it, and a missing head width is the model's own")
    func otherSpellings() throws {
        let new = "\"rope_parameters\": {\"rope_theta\": 5000, \"rope_type\": \"default\"}"
        #expect(try Self.edited("\"rope_theta\": 1000000", new).configuration.theta == 5000)
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain") + "/config.json"
        try ScratchFolder.edit(path) { $0.replacing("  \"head_dim\": 16,\n", with: "") }
        #expect(try Qwen3Configuration(path: path).headWidth == 128)
    }

    @Test("weights of another model are refused by tensor, with both shapes")
    func otherWeights() throws {
        let misshaped = #expect(throws: ModelError.self) {
            try Self.edited("\"intermediate_size\": 48", "\"intermediate_size\": 64")
        }
        guard case .tensorShape(_, let tensor, let expected, let found)? = misshaped else {
            Issue.record("not the error expected: \(String(describing: misshaped))")
            return
        }
        #expect(tensor == "layers.0.mlp.gate_proj.weight" && expected == Shape(64, 32) && found == Shape(48, 32))
        let missing = #expect(throws: ModelError.self) {
            try Self.edited("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")
        }
        guard case .tensorMissing(_, "layers.2.input_layernorm.weight")? = missing else {
            Issue.record("not the error expected: \(String(describing: missing))")
            return
        }
        let extra = #expect(throws: ModelError.self) {
            try Self.edited("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")
        }
        guard case .unsupported(_, "tensor layers.1.input_layernorm.weight", _, _)? = extra else {
            Issue.record("not the error expected: \(String(describing: extra))")
            return
        }
    }

    @Test("an index that says what is not so is refused")
    func index() throws {
        func sharded(_ change: (String) -> String) throws -> Qwen3Folder {
            let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/sharded")
            try ScratchFolder.edit("\(path)/model.safetensors.index.json", change)
            return try Qwen3Folder(path: path)
        }
        let name = "\"model.norm.weight\": \"model-0000"
        let elsewhere = #expect(throws: ModelError.self) {
            try sharded { $0.replacing(/"model\.norm\.weight": "model-0000./, with: "\(name)7") }
        }
        guard case .unreadable(let file, _)? = elsewhere else {
            Issue.record("not the error expected: \(String(describing: elsewhere))")
            return
        }
        #expect(file.hasSuffix("model-00007-of-00003.safetensors"))
        let unknown = #expect(throws: ModelError.self) {
            try sharded { $0.replacing("\"model.norm.weight\"", with: "\"model.norm.other\"") }
        }
        guard case .unsupported(_, "tensor model.norm.weight", _, _)? = unknown else {
            Issue.record("not the error expected: \(String(describing: unknown))")
            return
        }
        #expect(throws: ModelError.self) { try sharded { $0.replacing(": \"model-00001", with: ": \"../model-00001") } }
        #expect(throws: ModelError.self) { try sharded { _ in "{}" } }
    }

    @Test("a folder without weights says so")
    func noWeights() throws {
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain")
        try FileManager.default.removeItem(atPath: "\(path)/model.safetensors")
        #expect(throws: ModelError.unreadable(file: "\(path)/model.safetensors", reason: "No such file or directory")) {
            try Qwen3Folder(path: path)
        }
    }

    private static func edited(_ old: String, _ new: String) throws -> Qwen3Folder {
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain")
        try ScratchFolder.edit("\(path)/config.json") { text in
            #expect(text.contains(old))
            return text.replacing(old, with: new)
        }
        return try Qwen3Folder(path: path)
    }
}
