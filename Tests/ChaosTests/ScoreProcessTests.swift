import Foundation
import TestSupport
import Testing

@Suite("score, with real processes", .tags(.slow), .serialized)
struct ScoreProcessTests {
    @Test("one, two and five workers give the same bytes")
    func sameBytes() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 20_000)
        var outputs: [[String: Data]] = []
        for workers in [1, 2, 5] {
            let ending = try Program.run(
                [
                    "score", "--prompts", prompts, "--context", context, "--output", folder.file("out\(workers)"),
                    "--workers", "\(workers)", "--model", "table",
                ], in: folder)
            #expect(ending.status == 0, "\(ending.errors)")
            outputs.append(try folder.contents("out\(workers)"))
        }
        #expect(Set(outputs[0].keys) == ["_SUCCESS", "_manifest.json", "part-00000.jsonl", "part-00001.jsonl"])
        #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
        let lines = outputs[0].filter { $0.key.hasPrefix("part-") }.values.reduce(0) { $0 + $1.count { $0 == 10 } }
        #expect(lines == 20_000)
    }

    @Test("--overwrite replaces a run, and the journal of its own coordinator stays where it is meanwhile")
    func overwrite() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 2000)
        try FileManager.default.createDirectory(atPath: folder.file("old"), withIntermediateDirectories: true)
        try folder.write("old/_coordinator.sqlite", "of an earlier run")
        for output in ["new", "new", "old"] {
            let ending = try Program.run(
                [
                    "score", "--prompts", prompts, "--context", context, "--output", folder.file(output), "--overwrite",
                    "--model", "table",
                ], in: folder)
            #expect(ending.status == 0 && !ending.errors.contains("_coordinator.sqlite"), "\(ending.errors)")
            #expect(!ending.errors.contains("starting it again"), "\(ending.errors)")
        }
        #expect(try folder.contents("old") == folder.contents("new"))
    }

    @Test("bad rows become error rows with file, line and reason, the others are scored, and the exit code is 3")
    func badRows() throws {
        let folder = try ScratchFolder()
        let (_, context) = try folder.corpus(rows: 0)
        let prompts = try folder.write(
            "bad.jsonl",
            [
                #"{"prompt_id":"a","prompt":"good"}"#, #"{"prompt_id":"b""#, #"{"prompt_id":"c"}"#,
                #"{"prompt_id":"a","prompt":"again"}"#, #"{"prompt_id":"d","prompt":" "}"#, "",
            ])
        let ending = try Program.run(
            ["score", "--prompts", prompts, "--context", context, "--output", folder.file("out"), "--model", "table"],
            in: folder)
        #expect(ending.status == 3, "\(ending.errors)")
        let part = String(decoding: try folder.contents("out")["part-00000.jsonl"] ?? Data(), as: UTF8.self)
        let lines = part.split(separator: "\n")
        #expect(lines.count == 5)
        for (line, code) in [(1, "bad_json"), (2, "missing_prompt"), (3, "duplicate_id"), (4, "empty_prompt")] {
            #expect(
                lines[line].contains("\"\(code)\"") && lines[line].contains("\"line\":\(line + 1)"),
                "\(lines[line])")
        }
        #expect(lines[0].contains("\"status\":\"ok\""))
    }

    @Test("interrupted by SIGTERM it says 75; the same command finishes, and once more finds it done")
    func interrupted() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 40_000)
        let arguments = { (output: String, model: String) in
            [
                "score", "--prompts", prompts, "--context", context, "--output", folder.file(output),
                "--workers", "2", "--model", model,
            ]
        }
        #expect(try Program.run(arguments("whole", "table"), in: folder).status == 0)
        let first = try Program(arguments("cut", "table:0:200"), in: folder)
        let hasPart = Program.waitUntil {
            FileManager.default.fileExists(atPath: folder.file("cut/part-00000.jsonl"))
        }
        #expect(hasPart)
        first.signal(SIGTERM)
        let ending = first.wait()
        #expect(ending.status == 75 && ending.errors.contains("the same command continues"), "\(ending.errors)")
        #expect(try Program.run(arguments("cut", "table"), in: folder).status == 0)
        #expect(try folder.contents("cut") == folder.contents("whole"))
        let again = try Program.run(arguments("cut", "table"), in: folder)
        #expect(again.status == 0 && again.output.contains("has finished already"), "\(again.output)")
    }

    @Test("an output folder of another run is refused, and nothing in it changes")
    func anotherRun() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 300)
        let arguments = ["score", "--context", context, "--output", folder.file("out"), "--model", "table"]
        #expect(try Program.run(arguments + ["--prompts", prompts], in: folder).status == 0)
        let before = try folder.contents("out")
        let other = try folder.write("other.jsonl", [#"{"prompt":"another"}"#])
        let ending = try Program.run(arguments + ["--prompts", other], in: folder)
        #expect(ending.status == 1 && ending.errors.contains("--overwrite"), "\(ending.errors)")
        #expect(try folder.contents("out") == before)
    }

    @Test("wrong usage is 2; a missing file or model is 1, with advice")
    func usage() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 3)
        #expect(try Program.run(["score", "--prompts", prompts], in: folder).status == 2)
        #expect(try Program.run(["nonsense"], in: folder).status == 2)
        let missing = try Program.run(
            [
                "score", "--prompts", folder.file("none.jsonl"), "--context", context, "--output", folder.file("o"),
                "--model", "table",
            ], in: folder)
        #expect(missing.status == 1 && missing.errors.contains("none.jsonl"), "\(missing.errors)")
        let noModel = try Program.run(
            [
                "score", "--prompts", prompts, "--context", context, "--output", folder.file("o"),
                "--model", folder.file("no-model"),
            ], in: folder)
        #expect(noModel.status == 1 && noModel.errors.contains("statezero model fetch"), "\(noModel.errors)")
    }
}
