// The program itself with a server in place of a model folder.
import Foundation
import RemoteEncoding
import TestSupport
import Testing

@Suite("statezero with a remote encoder")
struct RemoteScoreTests {
    private static func write(_ folder: ScratchFolder) throws -> [String] {
        let prompts = (0..<200).map { #"{"id":"p\#($0)","prompt":"prompt number \#($0)"}"# }
        let history = (0..<40).map { #"{"prompt":"history \#($0)","reward":\#($0 % 2),"policy_id":"a"}"# }
        let files = [folder.file("prompts.jsonl"), folder.file("history.jsonl")]
        for (file, lines) in zip(files, [prompts, history]) {
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        }
        return ["--prompts", files[0], "--context", files[1]]
    }

    private static func remote(_ server: StubServer) -> [String] {
        ["--encoder-url", server.url, "--head", "gaussian-process"]
    }

    private static func run(
        _ arguments: [String], in folder: ScratchFolder, environment: [String: String] = [:]
    ) async throws -> Program.Ending {
        try await OwnThread.run { try Program(arguments, in: folder, environment: environment).wait() }
    }

    @Test("a corpus is scored through a server; a second run finds all features in the store and sends only probes")
    func score() async throws {
        let server = try await StubServer()
        defer { server.stop() }
        let folder = try ScratchFolder()
        let common = try Self.write(folder) + Self.remote(server) + ["--store", folder.file("store")]
        let ending = try await Self.run(["score", "--output", folder.file("a"), "--workers", "2"] + common, in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains("200 scored, 0 errors"))
        let sent = server.requests.flatMap(\.texts).filter { !EncoderProbe.texts.contains($0) }
        #expect(Set(sent).count == 240)
        let again = try await Self.run(["score", "--output", folder.file("b")] + common, in: folder)
        #expect(again.status == 0, "\(again.errors)")
        #expect(server.requests.flatMap(\.texts).filter { !EncoderProbe.texts.contains($0) }.count == sent.count)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.file("a/part-00000.jsonl")))
                == Data(contentsOf: URL(fileURLWithPath: folder.file("b/part-00000.jsonl"))))
    }

    @Test("one prompt that the server refuses is an error row that says why; all others are scored")
    func refusedPrompt() async throws {
        let server = try await StubServer { request in
            request.texts.contains("prompt number 77")
                ? .status(400, #"{"error":{"message":"maximum context length is 512 tokens"}}"#) : .vectors
        }
        defer { server.stop() }
        let folder = try ScratchFolder()
        let output = folder.file("out")
        let ending = try await Self.run(
            ["score", "--output", output] + Self.write(folder) + Self.remote(server), in: folder)
        #expect(ending.output.contains("199 scored, 1 errors"), "\(ending.errors)")
        let rows = try String(contentsOfFile: "\(output)/part-00000.jsonl", encoding: .utf8).split(separator: "\n")
        let wrong = rows.filter { $0.contains("maximum context length is 512 tokens") }
        #expect(wrong.count == 1 && wrong[0].contains("p77"))
    }

    @Test("the compact head is refused, because it was trained on another encoder, and the message says what to do")
    func head() async throws {
        let server = try await StubServer()
        defer { server.stop() }
        let folder = try ScratchFolder()
        let ending = try await Self.run(["model", "inspect", "--encoder-url", server.url], in: folder)
        #expect(ending.status != 0 && ending.errors.contains("--head gaussian-process"))
        let right = try await Self.run(["model", "inspect"] + Self.remote(server), in: folder)
        #expect(right.status == 0 && right.output.contains("stub+gp"), "\(right.errors)")
    }

    @Test("the key comes from the environment or a file; without it the error names the option, and no message has it")
    func key() async throws {
        let server = try await StubServer { request in
            request.key == "Bearer s3cret" ? .vectors : .status(401, #"{"error":"wrong key \#(request.key ?? "")"}"#)
        }
        defer { server.stop() }
        let folder = try ScratchFolder()
        let file = folder.file("key")
        try Data("s3cret\n".utf8).write(to: URL(fileURLWithPath: file))
        let inspect = ["model", "inspect"] + Self.remote(server)
        let byFile = try await Self.run(inspect + ["--encoder-key-file", file], in: folder)
        #expect(byFile.status == 0, "\(byFile.errors)")
        let byName = try await Self.run(
            inspect + ["--encoder-key-env", "ENGINE_KEY"], in: folder, environment: ["ENGINE_KEY": "s3cret"])
        #expect(byName.status == 0)
        let wrong = try await Self.run(
            inspect + ["--encoder-key-env", "ENGINE_KEY"], in: folder, environment: ["ENGINE_KEY": "wr0ng"])
        #expect(wrong.errors.contains("status 401: wrong key Bearer …") && !wrong.errors.contains("wr0ng"))
        #expect(try await Self.run(inspect, in: folder).errors.contains("--encoder-key-env"))
        let missing = try await Self.run(inspect + ["--encoder-key-env", "NO_SUCH_KEY"], in: folder)
        #expect(missing.errors.contains("NO_SUCH_KEY: this environment variable is not set"))
    }

    @Test("evaluate and route decide use a server too")
    func otherCommands() async throws {
        let server = try await StubServer()
        defer { server.stop() }
        let folder = try ScratchFolder()
        let sample = Repository.path("scripts/sample")
        let evaluation = try await Self.run(
            [
                "evaluate", "--prompts", "\(sample)/data/sample.prompts.jsonl.gz", "--outcomes",
                "\(sample)/data/sample.outcomes.jsonl.gz", "--seeds", "1", "--context-size", "32", "--encoder-url",
                server.url, "--heads", "gaussian-process",
            ], in: folder)
        #expect(evaluation.status == 0, "\(evaluation.errors)")
        let decision = try await Self.run(
            ["route", "decide", "--fleet", "\(sample)/fleet.yaml", "--prompt", "What is 2 + 2?"] + Self.remote(server),
            in: folder)
        #expect(decision.status == 0, "\(decision.errors)")
    }

    @Test(
        "a worker whose server goes away returns its work and exits with 75; a server that comes back finishes the run")
    func outage() async throws {
        let server = try await StubServer { request in
            // Down for a while, after the first prompts were embedded: on a slow machine one refusal may end a worker, and
            // the third worker that ends at once would end the run.
            (4..<6).contains(request.number) ? .status(503, "down") : .vectors
        }
        defer { server.stop() }
        let folder = try ScratchFolder()
        let ending = try await Self.run(
            ["score", "--output", folder.file("out"), "--workers", "1"] + Self.write(folder) + Self.remote(server)
                + ["--encoder-outage", "1"], in: folder)
        #expect(ending.status == 0 && ending.output.contains("200 scored, 0 errors"), "\(ending.errors)")
    }
}
