import Foundation
import TestSupport
import Testing

@Suite("The GRPO loop, with real processes", .serialized)
struct RolloutProcessTests {
    private static let root = Repository.root

    @Test("recorded rollouts, killed rollout workers, a killed coordinator: every reward is in its group, once")
    func loop() throws {
        let script = Self.root.appendingPathComponent("scripts/loop/check.py").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["STATEZERO_BINARY": Program.path, "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let words = Pipe()
        process.standardOutput = words
        process.standardError = words
        try process.run()
        // To the end of its words, which is its own; the script bounds each of its waits.
        let text = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus != 127, "python3 is not there; the scripts of the package need it")
        #expect(process.terminationStatus == 0, "\(text)")
        print(text)
    }

    @Test("a rollout worker without a coordinator gives up after the time it was given, and its program with it")
    func nobodyThere() throws {
        let folder = try Folder()
        let ending = try Program.run(
            [
                "rollout", "--connect", "ipc://\(folder.path)/nobody", "--abandon-after", "1", "--", "sh", "-c",
                "echo $$ > \(folder.file("pid")); cat > /dev/null",
            ], in: folder)
        #expect(ending.status == 75, "\(ending.errors)")
        let pid = String(decoding: FileManager.default.contents(atPath: folder.file("pid")) ?? Data(), as: UTF8.self)
        #expect(Int(pid.trimmingCharacters(in: .newlines)) != nil)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid.trimmingCharacters(in: .newlines))"))
    }

    @Test("a program or --simulate is wanted, and rates are read with line numbers")
    func usage() throws {
        let folder = try Folder()
        let neither = try Program.run(["rollout", "--connect", "ipc://\(folder.path)/x"], in: folder)
        #expect(neither.status == 2 && neither.errors.contains("--simulate"), "\(neither.errors)")
        let rates = try folder.write("rates.jsonl", [#"{"prompt_id":"a","p":0.5}"#, #"{"prompt_id":"b"}"#])
        let bad = try Program.run(
            ["rollout", "--connect", "ipc://\(folder.path)/x", "--simulate", rates], in: folder)
        #expect(bad.status == 1 && bad.errors.contains("rates.jsonl:2"), "\(bad.errors)")
    }
}
