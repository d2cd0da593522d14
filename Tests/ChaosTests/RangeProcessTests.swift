import Foundation
import TestSupport
import Testing

/// `score --workers-read` with real processes: the workers read the file themselves.
@Suite("Workers read rows themselves, with real processes", .tags(.slow), .serialized)
struct RangeProcessTests {
    private let folder: ScratchFolder
    private let corpus: (prompts: String, context: String)
    private let endpoint: String

    init() throws {
        folder = try ScratchFolder()
        corpus = try folder.corpus(rows: 12_000)
        endpoint = "ipc://\(folder.path)/sock"
    }

    private func arguments(_ output: String, _ more: [String]) -> [String] {
        [
            "score", "--prompts", corpus.prompts, "--context", corpus.context, "--output", folder.file(output),
        ] + more
    }

    private func worker(_ index: Int, _ more: [String]) throws -> Program {
        try Program(
            ["worker", "--connect", endpoint, "--name", "w\(index)", "--model", "table:0:400"] + more, in: folder)
    }

    private func coordinator() throws -> Program {
        try Program(
            ["coordinator", "--bind", endpoint, "--journal", folder.file("journal.sqlite"), "--log-level", "info"],
            in: folder)
    }

    private func end(_ programs: [Program]) {
        for program in programs {
            program.signal(SIGKILL)
            program.process.waitUntilExit()
        }
    }

    @Test("a local cluster with one worker or three, and workers that are killed: the bytes of a run with texts")
    func equal() throws {
        #expect(try Program.run(arguments("texts", ["--model", "table", "--workers", "1"]), in: folder).status == 0)
        let expected = try folder.contents("texts")
        for workers in ["1", "3"] {
            let more = ["--model", "table", "--workers", workers, "--workers-read"]
            let ending = try Program.run(arguments("local\(workers)", more), in: folder)
            #expect(ending.status == 0, "\(ending.errors)")
            #expect(try folder.contents("local\(workers)") == expected)
        }
        let coordinator = try coordinator()
        let roots = ["--data-root", folder.path]
        var workers = try [worker(0, roots), worker(1, roots)]
        // One that reads nothing itself, and must be lent nothing.
        let other = try worker(2, [])
        defer { end(workers + [coordinator, other]) }
        #expect(
            Program.waitUntil { coordinator.text("err").components(separatedBy: "worker joined").count > 3 })
        let client = try Program(arguments("cluster", ["--coordinator", endpoint, "--workers-read"]), in: folder)
        for index in [0, 1, 0] {
            usleep(400_000)
            workers[index].signal(SIGKILL)
            workers[index].process.waitUntilExit()
            workers[index] = try worker(index, roots)
        }
        let ending = client.wait()
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try folder.contents("cluster") == expected)
    }

    @Test("a file outside the data roots ends the run in words, and the run continues with texts")
    func outside() throws {
        try FileManager.default.createDirectory(atPath: folder.file("data"), withIntermediateDirectories: true)
        let coordinator = try coordinator()
        let worker = try worker(0, ["--data-root", folder.file("data")])
        defer { end([worker, coordinator]) }
        let run = arguments("out", ["--coordinator", endpoint])
        let ending = try Program.run(run + ["--workers-read"], in: folder)
        #expect(ending.status == 1 && ending.errors.contains("is not below a data root"), "\(ending.errors)")
        #expect(ending.errors.contains(corpus.prompts), "\(ending.errors)")
        #expect(try Program.run(run, in: folder).status == 0)
    }
}
