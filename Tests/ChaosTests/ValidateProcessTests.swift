import Foundation
import TestSupport
import Testing

/// `validate`, and the messages of `plan` for totals that no plan can have.
@Suite("validate and plan, with real processes", .tags(.slow), .serialized)
struct ValidateProcessTests {
    @Test("every bad line is named with its code; the exit code is 3")
    func badLines() throws {
        let folder = try ScratchFolder()
        let file = try folder.write(
            "bad.jsonl",
            [#"{"prompt_id":"a","prompt":"x"}"#, #"{"prompt_id":"a","prompt":"y"}"#, #"{"q":1}"#, "{bad"])
        let ending = try Program.run(["validate", file], in: folder)
        #expect(ending.status == 3, "\(ending.errors)")
        for (line, code) in [(2, "duplicate_id"), (3, "missing_prompt"), (4, "bad_json")] {
            #expect(ending.output.contains("bad.jsonl:\(line): \(code)"), "\(ending.output)")
        }
        let json = try Program.run(["validate", file, "--json", "--problems", "1"], in: folder)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(report["rows"] as? Int == 1 && report["rejected"] as? Int == 3)
        #expect((report["problems"] as? [String])?.count == 1 && (report["codes"] as? [String: Int])?.count == 3)
    }

    @Test("a history file shows its policies; --prompt-key names another key")
    func history() throws {
        let folder = try ScratchFolder()
        let (_, context) = try folder.corpus(rows: 0)
        let history = try Program.run(["validate", context], in: folder)
        #expect(history.status == 0 && history.output.contains("policy llm@3: 64 rows"), "\(history.output)")
        let file = try folder.write("keys.jsonl", [#"{"ask":"x"}"#, #"{"ask":"y"}"#])
        #expect(try Program.run(["validate", file], in: folder).status == 1)
        let named = try Program.run(["validate", file, "--prompt-key", "ask"], in: folder)
        #expect(named.status == 0 && named.output.contains("2 rows have no id"), "\(named.output)")
    }

    @Test("an empty or missing file ends with 1")
    func nothing() throws {
        let folder = try ScratchFolder()
        let empty = try Program.run(["validate", try folder.write("empty.jsonl", [])], in: folder)
        #expect(empty.status == 1 && empty.output.contains("no good row"), "\(empty.output)")
        let missing = try Program.run(["validate", folder.file("none.jsonl")], in: folder)
        #expect(missing.status == 1 && missing.errors.contains("none.jsonl"), "\(missing.errors)")
    }

    @Test("budgets keep to group sizes, and impossible totals are refused with what to change")
    func totals() throws {
        let folder = try ScratchFolder()
        let scores = try folder.write(
            "s.jsonl",
            (0..<8).map { #"{"prompt_id":"s\#($0)","p":0.\#($0 + 1),"kappa":5,"p_lo":0,"p_hi":1,"status":"ok"}"# })
        let plan = ["plan", "--scores", scores]
        let sized = try Program.run(
            plan + ["--total", "64", "--group-sizes", "4,8,16", "--export", "json-array"], in: folder)
        let budgets = try JSONDecoder().decode([Int].self, from: Data(sized.output.utf8))
        #expect(budgets.reduce(0, +) == 64 && budgets.allSatisfy { [4, 8, 16].contains($0) }, "\(sized.errors)")
        for (options, part) in [
            (["--total", "63", "--multiple-of", "4"], "60 and 64"), (["--total", "10", "--min", "4"], "minimum of 32"),
        ] {
            let ending = try Program.run(plan + options, in: folder)
            #expect(ending.status == 1 && ending.output.isEmpty && ending.errors.contains(part), "\(ending.errors)")
        }
        let failing = try Program.run(plan + ["--total", "64", "--failure-rate", "0.5", "--json"], in: folder)
        let summary = try #require(try JSONSerialization.jsonObject(with: Data(failing.output.utf8)) as? [String: Any])
        #expect(summary["n_min"] as? Int == 4)
        let output = try Program.run(plan + ["--total", "64", "--output", folder.file("no/such")], in: folder)
        #expect(output.status == 1 && output.errors.contains("no/such: cannot be written"), "\(output.errors)")
    }
}
