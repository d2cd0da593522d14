import Foundation
import TestSupport
import Testing

/// How the program ends on files as people have them: exit codes, messages, links, pipes, devices.
@Suite("files in and out, with real processes", .tags(.slow), .serialized)
struct FilesProcessTests {
    private static let rows = (0..<40).map { row in
        #"{"policy_id":"p","prompt":"What is \#(row) + 1?","k":\#(row % 5),"n":4}"#
    }

    private func score(
        _ folder: ScratchFolder, _ prompts: [String], _ options: [String] = [], context: Bool = true
    ) throws -> Program.Ending {
        let history = try folder.write("history.jsonl", Self.rows.joined(separator: "\n"))
        return try Program.run(
            ["score", "--prompts"] + prompts + (context ? ["--context", history] : []) + [
                "--output", folder.file("out"), "--model", "table", "--workers", "1",
            ] + options, in: folder)
    }

    @Test(
        "without a good row there is an error with the first of each kind, exit code 1 and no folder",
        arguments: ["", "\n\n", "[]", "no json\n", "{\"id\":1}\n{\"id\":2}\n{\"prompt\":\" \"}\n"])
    func nothingGood(content: String) throws {
        let folder = try ScratchFolder()
        let ending = try score(folder, [folder.write("p.jsonl", content)])
        #expect(ending.status == 1, "\(ending.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
        if content.contains("id") {
            #expect(ending.errors.contains("missing_prompt: 2 rows, the first: "), "\(ending.errors)")
            #expect(ending.errors.contains("empty_prompt: 1 row, the first: "), "\(ending.errors)")
        }
    }

    @Test("errors are counted by code with the first of each, and what is read is said")
    func errorsByCode() throws {
        let folder = try ScratchFolder()
        let prompts = try folder.write(
            "p.jsonl", "{\"instruction\":\"List the primes.\",\"input\":\"4, 5\"}\n{\"id\":1}\n{\"id\":2}\n")
        let ending = try score(folder, [prompts])
        #expect(ending.status == 3, "\(ending.errors)")
        #expect(ending.output.contains("missing_prompt: 2 rows, the first: p.jsonl:2: "), "\(ending.output)")
        #expect(ending.errors.contains("prompt from instruction + input"), "\(ending.errors)")
        #expect(ending.errors.contains("  | List the primes."), "\(ending.errors)")
    }

    @Test("an array, a table and standard input are scored")
    func formats() throws {
        let folder = try ScratchFolder()
        let array = try folder.write(
            "p.json", "[{\"id\":\"a\",\"prompt\":\"1 + 1?\"},\n{\"id\":\"b\",\"prompt\":\"1 + 2?\"}]")
        let table = try folder.write("p.csv", "id,question\nc,1 + 3?\n")
        #expect(try score(folder, [array, table]).status == 0)
        let part = String(decoding: try folder.read("out/part-00000.jsonl"), as: UTF8.self)
        #expect(part.split(separator: "\n").count == 3 && !part.contains("error"))
        let line =
            "cat '\(array)' | $statezero score --prompts - --context '\(folder.file("history.jsonl"))'"
            + " --output '\(folder.file("piped"))' --model table --workers 1"
        let ending = try Program.run(shell: line, in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try folder.names("piped").contains("_SUCCESS"))
    }

    @Test("without a context the population's prior is scored, and that is said loudly")
    func noContext() throws {
        let folder = try ScratchFolder()
        let prompts = try folder.write("p.jsonl", "{\"prompt\":\"1 + 1?\"}\n")
        #expect(try score(folder, [prompts], context: false).status == 2)
        #expect(try score(folder, [prompts], ["--no-context"], context: false).status == 2)
        let ending = try score(folder, [prompts], ["--no-context", "--policy", "new@0"], context: false)
        #expect(ending.status == 0 && ending.errors.contains("NO CONTEXT"), "\(ending.errors)")
    }

    @Test("a second run into one folder is refused at once, in words")
    func busy() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 20_000)
        let arguments = [
            "score", "--prompts", prompts, "--context", context, "--output", folder.file("out"), "--model",
            "table:0:500",
            "--workers", "1",
        ]
        let first = try Program(arguments, in: folder)
        #expect(waitUntil { FileManager.default.fileExists(atPath: folder.file("out/_coordinator.sqlite")) })
        let second = try Program.run(arguments, in: folder)
        #expect(
            second.status == 1 && second.errors.contains("another process is writing to this folder"),
            "\(second.errors)")
        #expect(!second.errors.contains("SQLite"))
        first.signal(SIGTERM)
        #expect(first.wait().status == 75)
    }

    @Test("a plan that cannot hand out its total fails, unless a surplus is allowed")
    func surplus() throws {
        let folder = try ScratchFolder()
        let scores = try folder.write(
            "s.jsonl", "{\"prompt_id\":\"a\",\"p\":0.4,\"kappa\":3}\n{\"prompt_id\":\"b\",\"p\":0.6}\n")
        let arguments = ["plan", "--scores", scores, "--total", "600"]
        let ending = try Program.run(arguments, in: folder)
        #expect(
            ending.status == 1 && ending.errors.contains("--total 256") && ending.output.isEmpty, "\(ending.errors)")
        let allowed = try Program.run(arguments + ["--allow-surplus", "--json"], in: folder)
        #expect(allowed.status == 0 && allowed.output.contains("\"total\":256"), "\(allowed.output)")
    }

    @Test("a closed pipe ends quietly, and a full disk is a message")
    func pipesAndDisks() throws {
        let folder = try ScratchFolder()
        let scores = try folder.write(
            "s.jsonl", (0..<20_000).map { "{\"prompt_id\":\"t\($0)\",\"p\":0.4,\"kappa\":3}\n" }.joined())
        let plan = "$statezero plan --scores '\(scores)' --total 160000"
        let closed = try Program.run(shell: "set -o pipefail; \(plan) | head -n 1", in: folder)
        #expect(closed.status == 0, "\(closed.errors)")
        #expect(closed.output.split(separator: "\n").count == 1)
        #expect(!closed.errors.contains("annot"), "\(closed.errors)")
        let full = try Program.run(shell: "\(plan) > /dev/full", in: folder)
        #expect(full.status == 1 && full.errors.contains("No space left"), "\(full.errors)")
        let device = try Program.run(shell: "\(plan) --output /dev/full", in: folder)
        #expect(device.status == 1 && device.errors.contains("/dev/full: cannot be written"), "\(device.errors)")
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("--output writes through links and pipes")
    func links() throws {
        let folder = try ScratchFolder()
        let scores = try folder.write("s.jsonl", "{\"prompt_id\":\"a\",\"p\":0.4,\"kappa\":3}\n")
        let plan = "$statezero plan --scores '\(scores)' --total 8 --output"
        let line = "mkdir d; ln -s d/real.jsonl b.jsonl; mkfifo f; \(plan) b.jsonl; \(plan) f & cat f > read; wait"
        #expect(try Program.run(shell: "cd '\(folder.path)'; \(line)", in: folder).status == 0)
        let written = String(decoding: try folder.read("d/real.jsonl"), as: UTF8.self)
        #expect(written.contains("\"prompt_id\":\"a\""))
        #expect(String(decoding: try folder.read("read"), as: UTF8.self) == written)
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder.file("b.jsonl"))) == "d/real.jsonl")
    }

    @Test("folders of killed processes are removed at the next start")
    func abandonedFolders() throws {
        let folder = try ScratchFolder()
        let prompts = try folder.write("p.jsonl", "{\"prompt\":\"1 + 1?\"}\n")
        let old = folder.file("statezero-abcdef")
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -600)], ofItemAtPath: old)
        let history = try folder.write("history.jsonl", Self.rows.joined(separator: "\n"))
        let line =
            "TMPDIR='\(folder.path)' $statezero score --prompts '\(prompts)' --context '\(history)'"
            + " --output '\(folder.file("o"))' --model table --workers 1"
        let ending = try Program.run(shell: line, in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(!FileManager.default.fileExists(atPath: old))
    }

    @Test("validate says what a record is and how it is read")
    func validate() throws {
        let folder = try ScratchFolder()
        let dump = try folder.write(
            "7.jsonl",
            "{\"input\":\"user\\nWhat is 0+5?\\nassistant\\n\",\"output\":\"5\",\"gts\":\"5\",\"score\":1.0,\"step\":7}\n"
        )
        let ending = try Program.run(["validate", dump], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(
            ending.output.contains("history, 1 good rows") && ending.output.contains("verl rollout dump"),
            "\(ending.output)")
        #expect(ending.output.contains("--policy ID"))
        let forced = try Program.run(["validate", dump, "--as", "prompts"], in: folder)
        #expect(forced.output.contains("prompts, 1 good rows"), "\(forced.output)")
    }
}
