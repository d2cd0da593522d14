import Foundation
import TestSupport
import Testing

@Suite("plan --export, replay and doctor, as processes", .tags(.slow), .serialized)
struct PlanningProcessTests {
    private func scores(_ folder: ScratchFolder) throws -> String {
        try folder.write(
            "scores.jsonl",
            (0..<12).map {
                #"{"prompt_id":"train/\#($0)","p":0.\#($0 % 9 + 1),"kappa":5,"p_lo":0,"p_hi":1,"status":"ok"}"#
            })
    }

    @Test("--export verl: two keys per line, every id once and in order, integers that sum to the total")
    func verl() throws {
        let folder = try ScratchFolder()
        let output = folder.file("budgets.jsonl")
        let ending = try Program.run(
            [
                "plan", "--scores", try scores(folder), "--total", "96", "--min", "4", "--max", "32", "--export",
                "verl",
                "--output", output,
            ], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        var ids: [String] = []
        var sum = 0
        for line in lines {
            let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(Set(row.keys) == ["prompt_id", "__rollout_n__"], "\(line)")
            ids.append(try #require(row["prompt_id"] as? String))
            let n = try #require(row["__rollout_n__"] as? Int)
            #expect((4...32).contains(n))
            sum += n
        }
        #expect(ids == (0..<12).map { "train/\($0)" } && sum == 96)
    }

    @Test("--export json-array: one line, one number per row, the same budgets; refused when a row has no score")
    func array() throws {
        let folder = try ScratchFolder()
        let path = try scores(folder)
        let arguments = ["--total", "96", "--min", "4", "--max", "32"]
        let array = try Program.run(["plan", "--scores", path, "--export", "json-array"] + arguments, in: folder)
        #expect(array.status == 0, "\(array.errors)")
        let rows = try Program.run(["plan", "--scores", path] + arguments, in: folder)
        let budgets = try JSONDecoder().decode([Int].self, from: Data(array.output.utf8))
        #expect(array.output.count { $0 == "\n" } == 1 && budgets.reduce(0, +) == 96)
        struct Row: Decodable { let n: Int }
        let decoder = JSONDecoder()
        let planned = try rows.output.split(separator: "\n").map { try decoder.decode(Row.self, from: Data($0.utf8)).n }
        #expect(planned == budgets)
        let holed = try folder.write(
            "holed.jsonl",
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
                + [#"{"prompt_id":"bad","status":"error","error":{"code":"empty_prompt","message":"no"}}"#])
        let refused = try Program.run(["plan", "--scores", holed, "--export", "json-array"] + arguments, in: folder)
        #expect(refused.status == 1 && refused.output.isEmpty && refused.errors.contains("no score"))
    }

    @Test("--total-tokens: the expected tokens fit, short answers get more, and the summary says what more would buy")
    func tokens() throws {
        let folder = try ScratchFolder()
        let path = try scores(folder)
        let costs = try folder.write(
            "history.jsonl",
            (0..<12).map { #"{"prompt_id":"train/\#($0)","response_tokens":\#($0 % 2 == 0 ? 20 : 400),"n":8}"# })
        let arguments = ["plan", "--scores", path, "--min", "2", "--max", "32", "--cost-key", "response_tokens"]
        let limits = ["--costs", costs, "--total-tokens", "12000"]
        let planned = try Program.run(arguments + limits, in: folder)
        #expect(planned.status == 0, "\(planned.errors)")
        struct Row: Decodable {
            let n: Int
            let expected_tokens: Double
        }
        let rows = try planned.output.split(separator: "\n").map {
            try JSONDecoder().decode(Row.self, from: Data($0.utf8))
        }
        let spent = rows.reduce(0) { $0 + Double($1.n) * $1.expected_tokens }
        #expect(spent <= 12_000 && spent > 10_000)
        let short = stride(from: 0, to: 12, by: 2).reduce(0) { $0 + rows[$1].n }
        #expect(2 * short > rows.reduce(0) { $0 + $1.n })
        #expect(planned.errors.contains("expected tokens") && planned.errors.contains("--total-tokens 13200 would add"))
        let counted = try Program.run(arguments + ["--costs", costs, "--total", "96", "--json"], in: folder)
        let summary = try #require(try JSONSerialization.jsonObject(with: Data(counted.output.utf8)) as? [String: Any])
        #expect(summary["expected_tokens"] as? Double ?? 0 > 0 && summary["total_tokens"] == nil)
        #expect((summary["advice"] as? [String: Any])?["total"] as? Double == 106)
        for (wrong, message) in [
            (["--total-tokens", "12000"], "has a number under"), (["--costs", costs], "--total"),
            (["--costs", costs, "--total-tokens", "100"], "tokens are less than"),
        ] {
            let refused = try Program.run(arguments + wrong, in: folder)
            #expect(refused.status != 0 && refused.errors.contains(message), "\(wrong): \(refused.errors)")
        }
    }

    @Test("replay of a small log: a table, one JSON object, and a plot")
    func replay() throws {
        let folder = try ScratchFolder()
        let prompts = try folder.write(
            "run.prompts.jsonl", (0..<40).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0)?"}"# })
        let outcomes = try folder.write(
            "run.outcomes.jsonl",
            (0..<240).map {
                let (version, prompt) = ($0 / 40 + 1, $0 % 40)
                return
                    #"{"policy_id":"llm","policy_version":\#(version),"prompt_id":"p\#(prompt)","k":\#(prompt % 9),"n":8,"#
                    + #""response_tokens":\#(10 + prompt)}"#
            })
        let arguments = ["replay", "--prompts", prompts, "--outcomes", outcomes, "--model", "table", "--seeds", "2"]
        let table = try Program.run(arguments, in: folder)
        #expect(table.status == 0 && table.output.contains("third visit on"), "\(table.errors)")
        #expect(!table.output.contains("response tokens, millions: not logged"))
        let plot = folder.file("plot.svg")
        let json = try Program.run(arguments + ["--json", "--plot", plot], in: folder)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(Set(report.keys) == ["model", "options", "sources", "known_rates", "verdicts"])
        #expect(try String(contentsOfFile: plot, encoding: .utf8).hasPrefix("<svg "))
        let single = try folder.write("run.outcomes.single.jsonl", [#"{"policy_id":"a","prompt_id":"p1","reward":1}"#])
        let refused = try Program.run(
            ["replay", "--prompts", prompts, "--outcomes", single, "--model", "table"], in: folder)
        #expect(refused.status == 1 && refused.errors.contains("single rollout"), "\(refused.errors)")
    }

    @Test("doctor: one trainer with its source, the list, the machine; an unknown name is wrong usage")
    func doctor() throws {
        let folder = try ScratchFolder()
        let trl = try Program.run(["doctor", "--trainer", "trl"], in: folder)
        #expect(trl.status == 0 && trl.output.contains("NOT SAFE") && trl.output.contains("grpo_trainer.py:2685"))
        let list = try Program.run(["doctor", "--list"], in: folder)
        #expect(list.output.contains("verl") && list.output.contains("OpenRLHF"))
        let unknown = try Program.run(["doctor", "--trainer", "nonsense"], in: folder)
        #expect(unknown.status == 2 && unknown.errors.contains("known are verl"))
        let machine = try Program.run(["doctor", "--model", "table"], in: folder)
        #expect(machine.status == 0 && machine.output.contains("ok       libzmq"), "\(machine.output)")
        let missing = try Program.run(["doctor", "--json", "--model", folder.file("none")], in: folder)
        #expect(missing.status == 1 && missing.output.contains("model fetch"), "\(missing.output)")
        for arguments in [["--trainer", "verl"], ["--list"]] {
            let json = try Program.run(["doctor", "--json"] + arguments, in: folder)
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.output.utf8)) }
        }
    }
}
