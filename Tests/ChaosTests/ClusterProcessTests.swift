import Foundation
import TestSupport
import Testing

/// A coordinator and workers as processes, with a socket in the test's folder.
private final class TestCluster {
    let folder: ScratchFolder
    let endpoint: String
    private(set) var coordinator: Program
    private(set) var workers: [Program] = []
    private let model: String

    init(_ folder: ScratchFolder, workers count: Int, model: String) throws {
        self.folder = folder
        self.model = model
        endpoint = "ipc://\(folder.path)/sock"
        coordinator = try Self.startCoordinator(folder, endpoint)
        for index in 0..<count { workers.append(try startWorker(index)) }
        // Nothing would happen if a test froze or stopped a worker before it has joined.
        let coordinator = coordinator
        let haveJoined = Program.waitUntil {
            coordinator.text("err").components(separatedBy: "worker joined").count > count
        }
        #expect(haveJoined, "\(coordinator.text("err"))")
    }

    deinit {
        for program in workers + [coordinator] {
            program.signal(SIGKILL)
            program.process.waitUntilExit()
        }
    }

    private static func startCoordinator(_ folder: ScratchFolder, _ endpoint: String) throws -> Program {
        try Program(
            ["coordinator", "--bind", endpoint, "--journal", folder.file("journal.sqlite"), "--log-level", "info"],
            in: folder)
    }

    private func startWorker(_ index: Int) throws -> Program {
        try Program(
            ["worker", "--connect", endpoint, "--name", "w\(index)", "--model", model, "--log-level", "info"],
            in: folder)
    }

    func killWorker(_ index: Int) throws {
        workers[index].signal(SIGKILL)
        workers[index].process.waitUntilExit()
        workers[index] = try startWorker(index)
    }

    func killCoordinator() throws {
        coordinator.signal(SIGKILL)
        coordinator.process.waitUntilExit()
        coordinator = try Self.startCoordinator(folder, endpoint)
    }
}

@Suite("Cluster of real processes", .tags(.slow), .serialized)
struct ClusterProcessTests {
    private func score(
        _ folder: ScratchFolder, _ corpus: (prompts: String, context: String), _ output: String, to endpoint: String
    ) -> [String] {
        [
            "score", "--prompts", corpus.prompts, "--context", corpus.context, "--output", folder.file(output),
            "--coordinator", endpoint,
        ]
    }

    /// Waits until the journal has grown, so that a kill happens during work.
    private func waitForProgress(_ folder: ScratchFolder, _ program: Program, beyond bytes: UInt64) -> Bool {
        Program.waitUntil { !program.process.isRunning || self.journalBytes(folder) > bytes }
    }

    private func journalBytes(_ folder: ScratchFolder) -> UInt64 {
        ["journal.sqlite", "journal.sqlite-wal"].reduce(0) { sum, name in
            let size = (try? FileManager.default.attributesOfItem(atPath: folder.file(name)))?[.size] as? UInt64
            return sum + (size ?? 0)
        }
    }

    @Test(
        "every worker killed twice, coordinator and client once: the output equals that of an undisturbed run"
    )
    func kills() throws {
        let folder = try ScratchFolder()
        let corpus = try folder.corpus(rows: 30_000)
        let whole = try Program.run(
            [
                "score", "--prompts", corpus.prompts, "--context", corpus.context,
                "--output", folder.file("whole"), "--model", "table",
            ], in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
        let cluster = try TestCluster(folder, workers: 2, model: "table:0:400")
        var client = try Program(score(folder, corpus, "out", to: cluster.endpoint), in: folder)
        var kills = 0
        for round in 0..<2 {
            for worker in 0..<2 {
                #expect(waitForProgress(folder, client, beyond: journalBytes(folder) + 20_000))
                try cluster.killWorker(worker)
                kills += client.process.isRunning ? 1 : 0
            }
            #expect(waitForProgress(folder, client, beyond: journalBytes(folder) + 20_000))
            if round == 0 {
                try cluster.killCoordinator()
            } else {
                client.signal(SIGKILL)
                client.process.waitUntilExit()
                client = try Program(score(folder, corpus, "out", to: cluster.endpoint), in: folder)
            }
            kills += client.process.isRunning ? 1 : 0
        }
        let ending = client.wait()
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(kills == 6, "the job ended before the last kill")
        #expect(try folder.contents("out") == folder.contents("whole"))
        print("chaos: \(kills) kills during 30,000 rows, output equal to that of an undisturbed run")
    }

    @Test("the other worker gets a frozen worker's shards; when it continues, it joins again as a new incarnation")
    func frozen() throws {
        let folder = try ScratchFolder()
        let corpus = try folder.corpus(rows: 20_000)
        let whole = try Program.run(
            [
                "score", "--prompts", corpus.prompts, "--context", corpus.context,
                "--output", folder.file("whole"), "--model", "table",
            ], in: folder)
        #expect(whole.status == 0)
        let cluster = try TestCluster(folder, workers: 2, model: "table:0:800")
        let client = try Program(score(folder, corpus, "out", to: cluster.endpoint), in: folder)
        #expect(waitForProgress(folder, client, beyond: 40_000))
        cluster.workers[0].signal(SIGSTOP)
        #expect(Program.waitUntil { cluster.coordinator.text("err").contains("worker lost") })
        cluster.workers[0].signal(SIGCONT)
        #expect(
            Program.waitUntil { cluster.coordinator.text("err").components(separatedBy: "worker joined").count > 3 })
        #expect(client.wait().status == 0)
        #expect(try folder.contents("out") == folder.contents("whole"))
    }

    @Test("a worker that gets SIGTERM finishes its shards and leaves")
    func drained() throws {
        let folder = try ScratchFolder()
        let corpus = try folder.corpus(rows: 20_000)
        let cluster = try TestCluster(folder, workers: 2, model: "table:0:300")
        let client = try Program(score(folder, corpus, "out", to: cluster.endpoint), in: folder)
        #expect(waitForProgress(folder, client, beyond: 40_000))
        cluster.workers[0].signal(SIGTERM)
        #expect(cluster.workers[0].wait().status == 0)
        #expect(client.wait().status == 0)
        let log = cluster.coordinator.text("err")
        #expect(log.contains("worker left") && !log.contains("worker lost"), "\(log)")
    }

    @Test("a worker with another model is refused, and the message has both fingerprints")
    func foreignModel() throws {
        let folder = try ScratchFolder()
        let cluster = try TestCluster(folder, workers: 1, model: "table")
        #expect(Program.waitUntil { cluster.coordinator.text("err").contains("worker joined") })
        let other = try Program(
            ["worker", "--connect", cluster.endpoint, "--name", "other", "--model", "table:7"], in: folder)
        let ending = other.wait()
        #expect(ending.status == 1)
        #expect(ending.errors.contains("table-7") && ending.errors.contains("table-0"), "\(ending.errors)")
    }

    @Test("a port in use and a public address without --allow-plaintext are refused, with advice")
    func binding() throws {
        let folder = try ScratchFolder()
        let first = try Program(["coordinator", "--bind", "tcp://127.0.0.1:*"], in: folder)
        defer { first.signal(SIGKILL) }
        #expect(Program.waitUntil { first.text("out").contains("listening at tcp://127.0.0.1:") })
        let endpoint = first.text("out").split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
        let second = try Program.run(["coordinator", "--bind", endpoint], in: folder)
        #expect(second.status == 1 && second.errors.contains("in use"), "\(second.errors)")
        let open = try Program.run(["coordinator", "--bind", "tcp://0.0.0.0:*"], in: folder)
        #expect(open.status == 1 && open.errors.contains("--allow-plaintext"), "\(open.errors)")
    }

    @Test("a coordinator that has nothing to do uses hardly any processor time", arguments: [false, true])
    func idle(hasJournal: Bool) throws {
        let folder = try ScratchFolder()
        let journal = hasJournal ? ["--journal", folder.file("journal.sqlite")] : []
        let coordinator = try Program(["coordinator", "--bind", "tcp://127.0.0.1:*"] + journal, in: folder)
        defer { coordinator.signal(SIGKILL) }
        #expect(Program.waitUntil { coordinator.text("out").contains("listening at tcp://127.0.0.1:") })
        // A hundred a second for each core.
        let ticks = { () throws -> Int in
            let file = "/proc/\(coordinator.process.processIdentifier)/stat"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return fields[11...12].reduce(0) { $0 + (Int($1) ?? 0) }
        }
        Thread.sleep(forTimeInterval: 0.3)
        let before = try ticks()
        Thread.sleep(forTimeInterval: 1)
        let used = try ticks() - before
        #expect(used < 40, "a thread that never waits uses 100")
    }

    @Test("without a coordinator the client exits with 75 after --abandon-after")
    func nobodyThere() throws {
        let folder = try ScratchFolder()
        let corpus = try folder.corpus(rows: 10)
        let ending = try Program.run(
            score(folder, corpus, "out", to: "ipc://\(folder.path)/nobody") + ["--abandon-after", "2"], in: folder)
        #expect(ending.status == 75, "\(ending.errors)")
    }
}
