import Foundation
import TestSupport
import Testing

@Suite("A V0 model, with real processes", .tags(.slow), .serialized)
struct V0ProcessTests {
    private static let model = Repository.root.appending(path: "Tests/Goldens/v0/dynamic_query").path

    @Test("one worker or three, one thread or more, context kept or not: the same bytes")
    func sameBytes() throws {
        let folder = try ScratchFolder()
        let (prompts, context) = try folder.corpus(rows: 600)
        var outputs: [[String: Data]] = []
        for (index, options) in [
            ["--workers", "1"], ["--workers", "3", "--threads", "1"], ["--workers", "1", "--context-cache", "none"],
        ].enumerated() {
            let ending = try Program.run(
                [
                    "score", "--prompts", prompts, "--context", context, "--context-size", "40",
                    "--output", folder.file("out\(index)"), "--model", Self.model,
                ] + options, in: folder)
            #expect(ending.status == 0, "\(options): \(ending.errors)")
            outputs.append(try folder.contents("out\(index)"))
        }
        #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
    }

    @Test("verify prints every stage and exits with 0; with a damaged golden it exits with 1 and names the stage")
    func verify() throws {
        let folder = try ScratchFolder()
        let ending = try Program.run(["model", "verify", Self.model], in: folder)
        #expect(ending.status == 0 && ending.output.contains("scores_given_tables"), "\(ending.errors)")
        print(ending.output)
        let copy = folder.file("copy")
        try FileManager.default.copyItem(atPath: Self.model, toPath: copy)
        try FileManager.default.removeItem(atPath: "\(copy)/encoder")
        try FileManager.default.copyItem(atPath: "\(Self.model)/../encoder", toPath: "\(copy)/encoder")
        let golden = URL(fileURLWithPath: "\(copy)/golden.json")
        let text = try String(contentsOf: golden, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "What is 17 + 26?", with: "What is 17 + 27?").utf8).write(to: golden)
        let damaged = try Program.run(["model", "verify", copy], in: folder)
        #expect(damaged.status == 1)
        let wrong = damaged.output.split(separator: "\n").filter { $0.hasSuffix("WRONG") }
        #expect(wrong.first?.hasPrefix("tokens") == true, "\(damaged.output)")
    }

    @Test("inspect prints the memory before it loads the model")
    func inspect() throws {
        let folder = try ScratchFolder()
        let ending = try Program.run(["model", "inspect", "--model", Self.model, "--rows", "64"], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        for word in ["weights", "prepared context", "working set", "64 rows", "dynamic_query"] {
            #expect(ending.output.contains(word), "\(ending.output)")
        }
    }
}
