import ArgumentParser
import CLI
import CommandSupport
import Foundation
import TestSupport
import Testing

/// Verbs that end in this process, without workers: what they write, their exit codes, and messages about bad files.
@Suite("Verbs of statezero on small files")
struct VerbTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Runs a command line in this process. `{}` is the test's folder.
    private func run(_ line: String) -> CommandRunner.Ending? { Self.run(line, in: folder.path) }

    private static func run(_ line: String, in folder: String) -> CommandRunner.Ending? {
        let arguments = line.split(separator: " ").map { String($0.replacing("{}", with: folder)) }
        do {
            var command = try StateZero.parseAsRoot(arguments)
            try command.run()
            return nil
        } catch {
            return CommandRunner.ending(of: error, in: StateZero.self)
        }
    }

    private func lines(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: folder.file(name), encoding: .utf8).split(separator: "\n")
    }

    private func writeScores(_ extra: String...) throws {
        _ = try folder.write(
            "s.jsonl",
            [
                #"{"prompt_id":"even","p":0.5,"kappa":4}"#, #"{"prompt_id":"likely","p":0.9,"kappa":4}"#,
                #"{"prompt_id":"hard","p":0.02,"kappa":40}"#,
            ] + extra)
    }

    static let missing = [
        "validate {}/none", "plan --scores {}/none --total 8", "replay --prompts {}/none --outcomes {}/none",
        "evaluate --prompts {}/none --outcomes {}/none", "route decide --fleet {}/none --prompt a",
        "route serve --fleet {}/none", "route sweep --decisions {}/none",
        "route calibrate --decisions {}/none --cost-share 0.5", "route replay --decisions {}/none --beta 0.5",
        "route evaluate --fleet {}/none --prompts p --outcomes o",
        "rollout --connect tcp://127.0.0.1:1 --simulate {}/none", "model embed --prompts {}/none --output {}/e",
        "model inspect --model {}/none", "model verify {}/none",
        "score --prompts p --context {}/none --output {}/out --model table",
    ]

    @Test(
        "where no coordinator answers, the message has the address and what to do",
        arguments: ["status", "status --json", "top --once", "drain w", "cancel 0"])
    func noCoordinator(line: String) async throws {
        // Port 9 of loopback is discard's; nobody listens there. The command waits for a task, so it needs a thread of
        // its own: on those of tasks, two such commands would wait for each other.
        let (status, text) = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let ending = Self.run("\(line) --http 127.0.0.1:9", in: "")
                continuation.resume(returning: (ending?.status, ending?.errors))
            }
        }
        #expect(status == .failed)
        let errors = try #require(text)
        #expect(errors.contains("127.0.0.1:9") && errors.contains("--http"), "\(errors)")
    }

    @Test("a file that is missing is named, with exit code 1", arguments: missing)
    func missingFile(line: String) throws {
        let ending = try #require(run(line))
        #expect(ending.status == .failed)
        #expect(ending.errors?.hasPrefix("statezero: \(folder.file("none"))") == true, "\(ending.errors ?? "")")
        #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
    }

    @Test(
        "a bad endpoint is refused with its text, before anything starts",
        arguments: ["coordinator --bind here", "worker --connect here --model table", "rollout --connect here -- cat"])
    func endpoint(line: String) throws {
        let ending = try #require(run(line))
        #expect(ending.status == .failed && ending.errors?.contains("\"here\" is not an endpoint") == true)
    }

    @Test("a coordinator does not listen where other machines reach it, unless --allow-plaintext says so")
    func plaintext() throws {
        let ending = try #require(run("coordinator --bind tcp://0.0.0.0:1"))
        #expect(ending.status == .failed && ending.errors?.contains("--allow-plaintext") == true)
    }

    @Test("validate ends with 0 for good rows, 3 where some are bad, 1 where none is good")
    func validate() throws {
        let good = #"{"prompt_id":"a","prompt":"text"}"#
        _ = try folder.write("good", [good])
        _ = try folder.write("some", [good, "not JSON"])
        _ = try folder.write("bad", ["not JSON"])
        #expect(run("validate {}/good") == nil)
        #expect(run("validate {}/some --json")?.status == .finishedWithErrorRows)
        #expect(run("validate {}/bad --problems 0")?.status == .failed)
    }

    @Test("plan writes a row per prompt whose budgets sum to the total")
    func plan() throws {
        try writeScores()
        #expect(run("plan --scores {}/s.jsonl --total 24 --min 2 --max 16 --output {}/b.jsonl") == nil)
        let rows = try lines("b.jsonl").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(rows.compactMap { $0["prompt_id"] as? String } == ["even", "likely", "hard"])
        let budgets = rows.compactMap { $0["n"] as? Int }
        #expect(budgets.reduce(0, +) == 24 && budgets.allSatisfy { (2...16).contains($0) }, "\(budgets)")
    }

    @Test("plan exports an array for trainers, or rows of verl, with the same budgets")
    func exports() throws {
        try writeScores()
        let options = "plan --scores {}/s.jsonl --total 24 --min 2 --max 16 --output {}"
        #expect(run("\(options)/array --export json-array") == nil && run("\(options)/verl --export verl") == nil)
        let array = try JSONDecoder().decode([Int].self, from: Data(try #require(try lines("array").first).utf8))
        let verl = try lines("verl").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["__rollout_n__"]
                as? Int
        }
        #expect(verl == array && array.count == 3)
    }

    @Test("a row without a score gets no budget: exit code 3; an array, which has no ids, is refused")
    func unscored() throws {
        try writeScores(#"{"prompt_id":"lost","status":"error"}"#)
        let options = "plan --scores {}/s.jsonl --total 24 --min 2 --output {}/b"
        #expect(run(options)?.status == .finishedWithErrorRows)
        #expect(try lines("b").count == 3)
        let array = try #require(run("\(options)2 --export json-array"))
        #expect(array.status == .failed && array.errors?.contains("1 rows have no score") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.file("b2")))
    }

    @Test("a score outside [0, 1] and a repeated id get no budget, and the others share the whole total")
    func badScores() throws {
        try writeScores(#"{"prompt_id":"odd","p":1.5,"kappa":4}"#, #"{"prompt_id":"even","p":0.4,"kappa":4}"#)
        let ending = try #require(run("plan --scores {}/s.jsonl --total 24 --min 2 --max 16 --output {}/b"))
        #expect(ending.status == .finishedWithErrorRows)
        let rows = try lines("b").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(rows.compactMap { $0["prompt_id"] as? String } == ["even", "likely", "hard"])
        #expect(rows.compactMap { $0["n"] as? Int }.reduce(0, +) == 24)
    }

    @Test("a table is read, one without a prompt and an empty file have no good row: validate ends with 1")
    func noGoodRow() throws {
        _ = try folder.write("good.csv", ["prompt_id,prompt", "a,text"])
        #expect(run("validate {}/good.csv") == nil)
        _ = try folder.write("c.csv", ["prompt_id,level", "a,text"])
        _ = try folder.write("empty", [String]())
        #expect(run("validate {}/c.csv --problems 1")?.status == .failed)
        #expect(run("validate {}/empty")?.status == .failed)
    }

    @Test("a total below the minima is refused with both numbers")
    func impossible() throws {
        try writeScores()
        let ending = try #require(run("plan --scores {}/s.jsonl --total 5 --min 2"))
        #expect(ending.status == .failed && ending.errors?.contains("minimum of 6 for 3 prompts") == true)
    }

    @Test("doctor knows its trainers, and lists them for a name that it does not know")
    func doctor() throws {
        #expect(run("doctor --list") == nil && run("doctor --trainer verl --json") == nil)
        let ending = try #require(run("doctor --trainer nobody"))
        #expect(ending.status == .usage)
        #expect(ending.errors?.contains("nobody") == true && ending.errors?.contains("verl, ") == true)
    }

    @Test("an empty store is shown and cleared; without a store the command says how to name one")
    func store() throws {
        #expect(run("store inspect --store {}/store") == nil && run("store clear --store {}/store") == nil)
        let ending = try #require(run("store inspect --store off"))
        #expect(ending.status == .usage && ending.errors?.contains("--store") == true)
    }

    @Test("a head that does not exist is refused with the names that do")
    func heads() throws {
        let (prompts, _) = try folder.corpus(rows: 3)
        _ = try folder.write("o.jsonl", [#"{"prompt_id":"p0","policy_id":"a","reward":1}"#])
        let model = Repository.path("Tests/Goldens/encoder/e5")
        let ending = try #require(
            run("evaluate --prompts \(prompts) --outcomes {}/o.jsonl --heads nonsense --model \(model)"))
        #expect(ending.status == .usage && ending.errors?.contains("nonsense: not known; allowed are") == true)
    }
}
