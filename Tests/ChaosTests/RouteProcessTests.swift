import Foundation
import TestSupport
import Testing

/// The verbs of `route`, from a fleet file to decisions, curves and settings.
@Suite("route, with real processes", .tags(.slow), .serialized)
struct RouteProcessTests {
    private struct Decision: Decodable {
        struct Candidate: Decodable {
            let model: String
            let p: Double?
            let cost: Double
            let references: Int?
        }

        let model: String
        let candidates: [Candidate]
    }

    /// A fleet of a cheap and an expensive model, each with a history of 64 rows.
    private func fleet(_ folder: ScratchFolder, _ more: String...) throws -> String {
        for (name, solved) in [("cheap", 2), ("good", 1)] {
            _ = try folder.write(
                "\(name).jsonl",
                (0..<64).map {
                    #"{"policy_id":"\#(name)","prompt":"What is \#($0)?","reward":\#($0 % solved == 0 ? 1 : 0)}"#
                })
        }
        return try folder.write(
            "fleet.yaml",
            [
                "default: good", "rule: {weighted: 0.7}", "models:", "  - name: cheap",
                "    price: {input: 0.1, output: 0.1}", "    history: {files: [cheap.jsonl]}", "  - name: good",
                "    price: {input: 1, output: 1}", "    history: {files: [good.jsonl]}",
            ] + more)
    }

    private func decisions(_ text: String) throws -> [Decision] {
        let decoder = JSONDecoder()
        return try text.split(separator: "\n").map { try decoder.decode(Decision.self, from: Data($0.utf8)) }
    }

    @Test("one prompt: one line with every model of the fleet, its p and its cost")
    func onePrompt() throws {
        let folder = try ScratchFolder()
        let ending = try Program.run(
            ["route", "decide", "--fleet", try fleet(folder), "--prompt", "What is 2 + 2?", "--model", "table"],
            in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        let rows = try decisions(ending.output)
        #expect(rows.count == 1 && rows[0].candidates.map(\.model) == ["cheap", "good"])
        #expect(
            rows[0].candidates.allSatisfy { $0.p != nil } && rows[0].candidates[0].cost < rows[0].candidates[1].cost)
    }

    @Test("a rule of the command line wins over the fleet's: --target 0 always gives the cheapest model")
    func rule() throws {
        let folder = try ScratchFolder()
        let (prompts, _) = try folder.corpus(rows: 40)
        let arguments = ["route", "decide", "--fleet", try fleet(folder), "--prompts", prompts, "--model", "table"]
        let ending = try Program.run(arguments + ["--target", "0"], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        let rows = try decisions(ending.output)
        #expect(rows.count == 40 && rows.allSatisfy { $0.model == "cheap" })
    }

    @Test("a cluster decides as one process does, block by block, and an existing block is kept")
    func cluster() throws {
        let folder = try ScratchFolder()
        let (prompts, _) = try folder.corpus(rows: 100)
        let fleet = try fleet(folder)
        let arguments = ["route", "decide", "--fleet", fleet, "--prompts", prompts, "--model", "table"]
        let alone = try Program.run(arguments, in: folder)
        #expect(alone.status == 0, "\(alone.errors)")
        let clustered = arguments + ["--workers", "2", "--block-rows", "40", "--output", folder.file("out")]
        let ending = try Program.run(clustered, in: folder)
        #expect(ending.status == 0 && ending.output.contains("100 prompts decided for 2 models"), "\(ending.errors)")
        let files = try folder.contents("out").filter { $0.key.hasSuffix(".jsonl") }
        #expect(files.keys.sorted() == (0..<3).map { "decisions-0000\($0).jsonl" })
        let text = files.sorted { $0.key < $1.key }.map { String(decoding: $0.value, as: UTF8.self) }.joined()
        #expect(try decisions(text).map(\.model) == decisions(alone.output).map(\.model))

        try FileManager.default.removeItem(atPath: folder.file("out/decisions-00001.jsonl"))
        #expect(try Program.run(clustered, in: folder).status == 0)
        #expect(try folder.contents("out").filter { $0.key.hasSuffix(".jsonl") } == files)
        let other = try Program.run(clustered + ["--target", "0.5"], in: folder)
        #expect(other.status == 1 && other.errors.contains("choose another --output"), "\(other.errors)")
    }

    @Test("a cluster gets the fleet's references, and writes the same decisions as one process")
    func clusterWithReferences() throws {
        let folder = try ScratchFolder()
        let (prompts, _) = try folder.corpus(rows: 60)
        var lines: [String] = []
        for place in 0..<30 {
            lines.append(#"{"policy_id":"other","prompt_id":"p\#(place)","reward":\#(place % 2)}"#)
            lines.append(#"{"policy_id":"third","prompt_id":"p\#(place)","reward":\#(place % 3 / 2)}"#)
        }
        let outcomes = try folder.write("outcomes.jsonl", lines)
        let fleet = try fleet(folder, "references: {fleet: true, files: [outcomes.jsonl], prompts: [prompts.jsonl]}")
        let arguments = ["route", "decide", "--fleet", fleet, "--prompts", prompts, "--model", "table"]
        let alone = try Program.run(arguments, in: folder)
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(
            try decisions(alone.output).map { $0.candidates.map(\.references) }.prefix(30).allSatisfy { $0 == [2, 2] })
        let clustered = arguments + ["--workers", "1", "--block-rows", "40", "--output", folder.file("out")]
        let ending = try Program.run(clustered, in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        let files = try folder.contents("out").filter { $0.key.hasSuffix(".jsonl") }
        let text = files.sorted { $0.key < $1.key }.map { String(decoding: $0.value, as: UTF8.self) }.joined()
        #expect(text == alone.output)

        try #"{"policy_id":"other","prompt":"What?","reward":1}"#.write(
            toFile: outcomes, atomically: true, encoding: .utf8)
        let changed = try Program.run(clustered, in: folder)
        #expect(changed.status == 1 && changed.errors.contains("choose another --output"), "\(changed.errors)")
    }

    @Test("sweep, calibrate and replay read the decisions: a curve and a plot, a setting, the changes")
    func afterwards() throws {
        let folder = try ScratchFolder()
        let (prompts, _) = try folder.corpus(rows: 200)
        let log = folder.file("decisions.jsonl")
        let decide = try Program.run(
            [
                "route", "decide", "--fleet", try fleet(folder), "--prompts", prompts, "--model", "table", "--output",
                log,
            ], in: folder)
        #expect(decide.status == 0 && decide.output.isEmpty, "\(decide.errors)")

        let plot = folder.file("plot.svg")
        let sweep = try Program.run(["route", "sweep", "--decisions", log, "--plot", plot], in: folder)
        #expect(sweep.status == 0 && sweep.output.contains("every prompt to one model:"), "\(sweep.errors)")
        #expect(try String(contentsOfFile: plot, encoding: .utf8).hasPrefix("<svg "))

        let calibrate = try Program.run(
            ["route", "calibrate", "--decisions", log, "--cost-share", "0.5", "--json"], in: folder)
        let found = try #require(
            try JSONSerialization.jsonObject(with: Data(calibrate.output.utf8)) as? [String: Any], "\(calibrate.errors)"
        )
        #expect(found["rule"] as? String == "weighted" && found["parameter"] is Double)

        let replay = try Program.run(["route", "replay", "--decisions", log, "--beta", "0"], in: folder)
        #expect(replay.status == 0 && replay.output.contains("200 decisions"), "\(replay.errors)")
        let unknown = try Program.run(
            ["route", "replay", "--decisions", log, "--beta", "0", "--default-model", "none"], in: folder)
        #expect(unknown.status == 2 && unknown.errors.contains("cheap, good"), "\(unknown.errors)")
    }

    @Test("a missing fleet file, log or key variable is refused with its name")
    func refusals() throws {
        let folder = try ScratchFolder()
        let none = folder.file("none")
        let fleet = try Program.run(
            ["route", "decide", "--fleet", none, "--prompt", "a", "--model", "table"], in: folder)
        #expect(fleet.status == 1 && fleet.errors.contains("\(none): cannot be read"), "\(fleet.errors)")
        let log = try Program.run(["route", "sweep", "--decisions", none], in: folder)
        #expect(log.status == 1 && log.errors.contains("\(none): cannot be read"), "\(log.errors)")
        let key = try Program.run(
            [
                "route", "serve", "--fleet", try self.fleet(folder), "--port", "0", "--key-env", "NO_SUCH_VARIABLE",
                "--model", "table", "--state", folder.file("state"),
            ], in: folder)
        #expect(key.status == 1 && key.errors.contains("NO_SUCH_VARIABLE"), "\(key.errors)")
    }
}
