import Foundation
import TestSupport
import Testing

@Suite("Variables, the file of settings and doctor, with real processes", .tags(.slow), .serialized)
struct SettingsProcessTests {
    private let folder: ScratchFolder
    private let file: String

    init() throws {
        folder = try ScratchFolder()
        file = try folder.write(
            "config.yaml",
            [
                "log-level: info", "worker:", "  connect: tcp://10.0.0.1:5570", "  threads: 3",
                "coordinator: {http: \"127.0.0.1:0\", keys: /nowhere}", "score: {workers: 2, model: table}",
            ])
    }

    private func run(_ arguments: [String], _ variables: [String: String] = [:]) throws -> Program.Ending {
        try Program(arguments, in: folder, environment: variables).wait()
    }

    @Test("config show prints each value with its file and line, its variable, or where else it is from")
    func show() throws {
        let shown = try run(
            ["config", "show", "worker", "--config", file, "--", "--nice", "5"], ["STATEZERO_ABANDON_AFTER": "9"])
        #expect(shown.status == 0, "\(shown.errors)")
        let lines = shown.output.split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        for line in [
            "--connect tcp://10.0.0.1:5570 \(file):3", "--threads 3 \(file):4",
            "--abandon-after 9 $STATEZERO_ABANDON_AFTER",
            "--nice 5 command line", "--store off $STATEZERO_STORE", "--log-level info \(file):1",
            "--name not set default", "--pin not set default", "--cache-mib 256 default",
        ] {
            #expect(lines.contains(line), "\(line): \(shown.output)")
        }
        let json = try run(["config", "show", "--json", "--config", file])
        #expect(json.status == 0 && json.output.contains(#""command":"coordinator""#), "\(json.output)")
        #expect(try run(["config", "show", "rout"]).status == 2 && run(["config", "show", "route"]).status == 2)
    }

    @Test("a wrong setting ends every command with 2 and its place, and help works all the same")
    func wrong() throws {
        let bad = try folder.write("bad.yaml", ["worker:", "  thread: 3"])
        let variables = ["STATEZERO_CONFIG": bad]
        for line in [["validate", "x"], ["config", "show"], ["worker", "--connect", "tcp://127.0.0.1:1"]] {
            let ending = try run(line, variables)
            #expect(
                ending.status == 2 && ending.errors.contains("\(bad):2: `worker` has no option --thread"), "\(ending)")
        }
        #expect(try run(["worker", "--help"], variables).status == 0)
        let named = try run(["worker", "--connect", "tcp://127.0.0.1:1"], ["STATEZERO_NICE": "40"])
        #expect(named.status == 2 && named.errors.contains("$STATEZERO_NICE: "), "\(named.errors)")
        let missing = try run(["validate", "x", "--config", folder.file("none")])
        #expect(missing.status == 2 && missing.errors.contains("--config off"), "\(missing.errors)")
    }

    @Test("score with the file gives the bytes of score with arguments, and its own coordinator does not read the file")
    func score() throws {
        let (prompts, context) = try folder.corpus(rows: 200)
        let files = ["score", "--prompts", prompts, "--context", context]
        let with = try run(files + ["--output", folder.file("with"), "--config=\(file)"])
        #expect(with.status == 0, "\(with.errors)")
        let without = try run(files + ["--output", folder.file("without"), "--model", "table", "--workers", "2"])
        #expect(without.status == 0, "\(without.errors)")
        #expect(try folder.contents("with") == folder.contents("without"))
    }

    @Test("doctor says of each fault what to do, and of a coordinator its model, its version and its clock")
    func doctor() throws {
        let coordinator = try Program(
            ["coordinator", "--bind", "ipc://\(folder.path)/s", "--http", "127.0.0.1:0"], in: folder)
        defer { coordinator.signal(SIGKILL) }
        let limit = Date(timeIntervalSinceNow: 120)
        while !coordinator.text("out").contains("http at "), Date() < limit { usleep(20_000) }
        let address = try #require(coordinator.text("out").split(separator: "http://").last)
        let http = address.trimmingCharacters(in: .whitespacesAndNewlines)
        let reach = ["--connect", "ipc://\(folder.path)/s", "--http", http]
        let good = try run(["doctor", "--model", "table"] + reach)
        #expect(good.status == 0, "\(good.output)")
        for part in ["ok       coordinator", "ok       http", "ok       clock", "no worker has joined"] {
            #expect(good.output.contains(part), "\(good.output)")
        }
        let bad = try run(["doctor", "--model", "table", "--journal", folder.file("none/j.sqlite"), "--json"])
        #expect(bad.status == 1)
        let checks = try #require(
            try JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [[String: Any]])
        let journal = try #require(checks.first { $0["name"] as? String == "journal" })
        #expect(journal["ok"] as? Bool == false && (journal["advice"] as? String)?.contains("mkdir") == true)
        // A coordinator that says goodbye to the probe has no client left.
        let status = try run(["status", "--http", http, "--json"])
        #expect(status.status == 0 && status.output.contains(#""jobs":0"#), "\(status.output)")
    }
}
