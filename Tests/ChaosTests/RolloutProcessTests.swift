import Foundation
import TestSupport
import Testing

@Suite("The GRPO loop, with real processes", .tags(.slow), .serialized)
struct RolloutProcessTests {
    @Test("recorded rollouts, killed rollout workers, a killed coordinator: every reward is in its group exactly once")
    func loop() throws {
        let script = Repository.path("scripts/loop/check.py")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["STATEZERO_BINARY": Program.path, "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        // Reads to the end of the output; the script limits each of its waits.
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus != 127, "python3 is missing; the scripts need it")
        #expect(process.terminationStatus == 0, "\(text)")
        print(text)
    }

    @Test("a rollout worker without a coordinator exits in time and ends its program, which has three streams")
    func nobodyThere() throws {
        let folder = try ScratchFolder()
        let ending = try Program.run(
            [
                "rollout", "--connect", "ipc://\(folder.path)/nobody", "--abandon-after", "1", "--", "sh", "-c",
                "cd \(folder.path); ls /proc/$$/fd > descriptors; echo $$ > pid; cat > /dev/null",
            ], in: folder)
        let descriptors = String(decoding: try folder.read("descriptors"), as: UTF8.self)
        // The shell itself keeps its output at 10 while that of `ls` is another.
        #expect(descriptors.split(separator: "\n").allSatisfy { ["0", "1", "2", "10"].contains($0) }, "\(descriptors)")
        #expect(ending.status == 75, "\(ending.errors)")
        let pid = String(decoding: FileManager.default.contents(atPath: folder.file("pid")) ?? Data(), as: UTF8.self)
        #expect(Int(pid.trimmingCharacters(in: .newlines)) != nil)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid.trimmingCharacters(in: .newlines))"))
    }

    @Test("a program or --simulate is required, and a bad rate is reported with its line")
    func usage() throws {
        let folder = try ScratchFolder()
        let neither = try Program.run(["rollout", "--connect", "ipc://\(folder.path)/x"], in: folder)
        #expect(neither.status == 2 && neither.errors.contains("--simulate"), "\(neither.errors)")
        let rates = try folder.write("rates.jsonl", [#"{"prompt_id":"a","p":0.5}"#, #"{"prompt_id":"b"}"#])
        let bad = try Program.run(
            ["rollout", "--connect", "ipc://\(folder.path)/x", "--simulate", rates], in: folder)
        #expect(bad.status == 1 && bad.errors.contains("rates.jsonl:2"), "\(bad.errors)")
    }
}
