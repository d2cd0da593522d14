import Foundation
import Kernels
import ModelFiles
import Models
import TestSupport
import Testing

@Suite("V0: model folders")
struct V0FolderTests {
    @Test("what a folder says of itself is checked, and refused by key and value")
    func refusals() throws {
        let cases: [(from: String, to: String, expected: [String])] = [
            ("\"statezero-v0\"", "\"statezero-v9\"", ["format", "statezero-v9"]),
            ("\"version\": 1", "\"version\": 2", ["version", "2", "convert"]),
            ("\"dynamic_query\"", "\"mean\"", ["pooling", "mean"]),
            ("\"tokens_max\": 2048", "\"tokens_max\": 1", ["tokens_max", "1"]),
            ("\"members\": 4", "\"members\": 0", ["members", "0"]),
            ("\"temperature\": 0.9", "\"temperature\": -1", ["temperature", "-1"]),
            ("\"heads\": 3,\n    \"columns", "\"heads\": 5,\n    \"columns", ["width", "24"]),
            ("\"layers\": 2,", "", ["layers", "missing"]),
        ]
        for (from, to, expected) in cases {
            let folder = try V0Folders.copy("dynamic_query")
            try ScratchFolder.edit("\(folder)/statezero.json") { $0.replacingOccurrences(of: from, with: to) }
            let error = #expect(throws: ModelError.self, "\(from)") { try V0Folder(path: folder) }
            let message = "\(try #require(error))"
            #expect(message.contains("statezero.json"), "\(message)")
            for word in expected { #expect(message.contains(word), "\(message) should name \(word)") }
        }
    }

    @Test("an adapter's sizes are needed where the pooling has an adapter")
    func adapter() throws {
        let folder = try V0Folders.copy("dynamic_query")
        try ScratchFolder.edit("\(folder)/statezero.json") {
            $0.replacingOccurrences(of: "\"adapter\": {", with: "\"adapter\": null, \"was\": {")
        }
        let error = #expect(throws: ModelError.self) { try V0Folder(path: folder) }
        #expect("\(try #require(error))".contains("dynamic_query"))
    }

    @Test("a missing part is refused by its file", arguments: ["adapter.safetensors", "head.safetensors"])
    func missingPart(name: String) throws {
        let folder = try V0Folders.copy("dynamic_query")
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        let error = #expect(throws: ModelError.self) {
            _ = try ModelRegistry.load(ModelPlace(folder), settings: ModelSettings())
        }
        #expect("\(try #require(error))".contains(name))
    }

    @Test("a tokenizer of another vocabulary is refused")
    func foreignTokenizer() throws {
        let folder = try V0Folders.copy("last_token")
        try ScratchFolder.edit("\(folder)/encoder/tokenizer.json") {
            $0.replacingOccurrences(of: "\"id\":402", with: "\"id\":5000")
                .replacingOccurrences(of: "\"id\": 402", with: "\"id\": 5000")
        }
        let error = #expect(throws: ModelError.self) {
            _ = try ModelRegistry.load(ModelPlace(folder), settings: ModelSettings())
        }
        #expect("\(try #require(error))".contains("tokenizer"))
    }

    @Test("memory is computed from headers, and a prepared context keeps as much")
    func memory() throws {
        let folder = try V0Folder(path: V0Folders.path("dynamic_query"))
        let kept = try V0Memory(folder: folder, settings: ModelSettings()).bytes(rows: 256)
        let half = try V0Memory(folder: folder, settings: ModelSettings(precision: .bfloat16)).bytes(rows: 256)
        let none = try V0Memory(folder: folder, settings: ModelSettings(contextCache: .none)).bytes(rows: 256)
        print("V0 tiny: \(kept), bfloat16 \(half), not kept \(none)")
        #expect(half.preparedContext * 2 == kept.preparedContext)
        #expect(none.preparedContext == 0)
        let weights = kept.sharedWeights + kept.ownWeights
        #expect(kept.total == weights + kept.encoding + kept.predicting + kept.preparedContext)
    }
}
