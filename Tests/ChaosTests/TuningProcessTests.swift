import Foundation
import TestSupport
import Testing

@Suite("tune, with real processes", .tags(.slow), .serialized)
struct TuningProcessTests {
    private static let model = Repository.root.appending(path: "Tests/Goldens/encoder/tiny").path

    @Test("tune measures every split and writes the best one; score starts its number of workers, pinned if it says so")
    func tunedRun() throws {
        let folder = try ScratchFolder()
        let file = folder.file("tuned.json")
        let tune = try Program.run(
            ["tune", "--model", Self.model, "--rounds", "1", "--seconds", "0.05", "--output", file, "--json"],
            in: folder)
        #expect(tune.status == 0, "\(tune.errors)")
        let data = try #require(FileManager.default.contents(atPath: file))
        var tuning = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(tune.output.contains("rows_per_second"))

        // A file of a machine where three workers of one thread each are best.
        (tuning["workers"], tuning["threads"], tuning["pin"]) = (3, 1, true)
        try JSONSerialization.data(withJSONObject: tuning).write(to: URL(fileURLWithPath: file))
        let (prompts, context) = try folder.corpus(rows: 50)
        let arguments = [
            "score", "--prompts", prompts, "--context", context, "--model", "table", "--tuned", file, "--log-level",
            "info", "--overwrite", "--output", folder.file("out"),
        ]
        let tuned = try Program.run(arguments, in: folder)
        #expect(tuned.status == 0, "\(tuned.errors)")
        #expect(Self.workers(tuned) == 3 && !tuned.errors.contains("tuning file ignored"), "\(tuned.errors)")
        // Options win.
        let explicit = try Program.run(arguments + ["--workers", "1", "--no-pin"], in: folder)
        #expect(explicit.status == 0 && Self.workers(explicit) == 1, "\(explicit.errors)")

        // A file of another machine is reported and ignored.
        tuning["machine"] = ["processor": "another processor", "cores": 3]
        try JSONSerialization.data(withJSONObject: tuning).write(to: URL(fileURLWithPath: file))
        let foreign = try Program.run(arguments + ["--threads", "1"], in: folder)
        #expect(foreign.status == 0 && foreign.errors.contains("another processor, 3 cores"), "\(foreign.errors)")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(Self.workers(foreign) == cores, "\(foreign.errors)")
    }

    /// Workers that started, by their log messages.
    private static func workers(_ ending: Program.Ending) -> Int {
        ending.errors.components(separatedBy: "worker started").count - 1
    }

    @Test("a model that cannot be tuned is refused, and so is a missing file")
    func refusals() throws {
        let folder = try ScratchFolder()
        let table = try Program.run(["tune", "--model", "table"], in: folder)
        #expect(table.status == 2 && table.errors.contains("table"), "\(table.errors)")
        let missing = try Program.run(
            ["worker", "--connect", "tcp://127.0.0.1:1", "--tuned", folder.file("none.json")], in: folder)
        #expect(missing.status == 2 && missing.errors.contains("none.json"), "\(missing.errors)")
    }
}
