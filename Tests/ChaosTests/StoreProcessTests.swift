import Foundation
import TestSupport
import Testing

@Suite("The feature store, with real processes", .tags(.slow), .serialized)
struct StoreProcessTests {
    private static let model = Repository.root.appending(path: "Tests/Goldens/v0/dynamic_query").path

    private struct Contents: Decodable {
        struct Encoder: Decodable {
            let entries: Int
            let hits: Int
            let misses: Int
            let in_use: Bool
        }

        let encoders: [Encoder]
    }

    private func inspect(_ store: String, in folder: ScratchFolder) throws -> [Contents.Encoder] {
        let ending = try Program.run(["store", "inspect", "--json", "--store", store], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        return try JSONDecoder().decode(Contents.self, from: Data(ending.output.utf8)).encoders
    }

    @Test("a second policy version, scored by new workers, embeds nothing of the corpus and gives the same bytes")
    func secondVersion() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 300)
        let record = try String(contentsOfFile: context, encoding: .utf8)
        let other = try folder.write(
            "other.jsonl",
            [record.replacing("\"reward\":0", with: "\"reward\":0.5").replacing("version\":3", with: "version\":4")])
        let arguments = { (context: String, output: String, store: String) in
            [
                "score", "--prompts", prompts, "--context", context, "--context-size", "40", "--model", Self.model,
                "--output", folder.file(output), "--store", folder.file(store), "--workers", "2",
            ]
        }
        #expect(try Program.run(arguments(context, "first", "kept"), in: folder).status == 0)
        let before = try #require(try inspect(folder.file("kept"), in: folder).first)
        // 300 prompts, and 40 rows of the context.
        #expect(before.misses >= 300 && before.entries == before.misses && !before.in_use)
        #expect(try Program.run(arguments(other, "second", "kept"), in: folder).status == 0)
        let after = try #require(try inspect(folder.file("kept"), in: folder).first)
        #expect(after.hits >= before.hits + 300)
        #expect(after.entries == after.misses && after.misses - before.misses <= 40)
        let alone = arguments(other, "alone", "kept").map { $0 == folder.file("kept") ? "off" : $0 }
        #expect(try Program.run(alone, in: folder).status == 0)
        #expect(try folder.contents("second") == folder.contents("alone"))
    }

    @Test("workers killed repeatedly while they write: the output equals that of a run without a store")
    func killedWriters() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 6000)
        let endpoint = "ipc://\(folder.path)/coordinator"
        let coordinator = try Program(
            ["coordinator", "--bind", endpoint, "--journal", folder.file("journal.sqlite")], in: folder)
        defer { coordinator.signal(SIGKILL) }
        let workers = { (name: String) in
            try Program(
                [
                    "worker", "--connect", endpoint, "--name", name, "--model", "table:0:300", "--store",
                    folder.file("kept"), "--store-mib", "1",
                ], in: folder)
        }
        var running = try (0..<2).map { try workers("w\($0)") }
        let client = try Program(
            [
                "score", "--coordinator", endpoint, "--prompts", prompts, "--context", context, "--output",
                folder.file("out"),
            ], in: folder)
        var generator = SystemRandomNumberGenerator()
        for round in 0..<6 {
            usleep(UInt32.random(in: 50_000..<250_000, using: &generator))
            guard client.process.isRunning else { break }
            running[round % 2].signal(SIGKILL)
            _ = running[round % 2].wait()
            running[round % 2] = try workers("again\(round)")
        }
        #expect(client.wait().status == 0)
        for worker in running { worker.signal(SIGTERM) }
        for worker in running { #expect(worker.wait().status == 0) }
        #expect(
            try Program.run(
                [
                    "score", "--prompts", prompts, "--context", context, "--output", folder.file("alone"), "--model",
                    "table",
                ], in: folder
            ).status == 0)
        #expect(try folder.contents("out") == folder.contents("alone"))
        let kept = try #require(try inspect(folder.file("kept"), in: folder).first)
        #expect(kept.entries > 0 && !kept.in_use)
        let cleared = try Program.run(["store", "clear", "--store", folder.file("kept")], in: folder)
        #expect(cleared.status == 0 && cleared.output.contains("removed"), "\(cleared.errors)")
        #expect(try inspect(folder.file("kept"), in: folder).isEmpty)
    }

    @Test("a store that cannot be created is reported once per worker, and the run continues without it")
    func noStore() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 50)
        let file = try folder.write("file", ["not a folder"])
        let ending = try Program.run(
            [
                "score", "--prompts", prompts, "--context", context, "--output", folder.file("out"), "--workers", "1",
                "--model", "table", "--store", file,
            ], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.errors.components(separatedBy: "no feature store").count == 2, "\(ending.errors)")
    }
}
