import Foundation
import TestSupport
import Testing

/// `evaluate` with the table model, whose predictions are the same on every machine.
@Suite("evaluate, with real processes", .tags(.slow), .serialized)
struct EvaluateProcessTests {
    /// Two policies on 60 prompts, 8 rollouts each; half of the rows are history.
    private func files(_ folder: ScratchFolder) throws -> [String] {
        let prompts = try folder.write(
            "run.prompts.jsonl", (0..<60).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus 1?"}"# })
        let outcomes = try folder.write(
            "run.outcomes.jsonl",
            (0..<120).map {
                let (policy, prompt) = ($0 / 60, $0 % 60)
                return #"{"policy_id":"m\#(policy)","prompt_id":"p\#(prompt)","k":\#((prompt + policy) % 9),"n":8,"#
                    + #""role":"\#(prompt % 2 == 0 ? "context" : "query")"}"#
            })
        return ["--prompts", prompts, "--outcomes", outcomes, "--model", "table"]
    }

    @Test("one head: one table; with sizes, baselines and budgets, one table for each")
    func tables() throws {
        let folder = try ScratchFolder()
        let files = try files(folder)
        let one = try Program.run(["evaluate", "--context-size", "8", "--seeds", "1"] + files, in: folder)
        #expect(one.status == 0 && !one.output.contains("other-policies"), "\(one.errors)")
        let all = try Program.run(
            ["evaluate", "--context-size", "8", "16", "--seeds", "2", "--baselines", "--budgets"] + files, in: folder)
        #expect(all.status == 0, "\(all.errors)")
        for part in ["other-policies", "constant", "length", "8 rollouts per prompt on average, 4…32 each"] {
            #expect(all.output.contains(part), "\(all.output)")
        }
    }

    @Test("--json is one object with the figures of every size, the same at every run")
    func json() throws {
        let folder = try ScratchFolder()
        let arguments = ["evaluate", "--json", "--context-size", "8", "16", "--seeds", "1"] + (try files(folder))
        let first = try Program.run(arguments, in: folder)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any], "\(first.errors)")
        let comparison = try #require(report["comparison"] as? [String: Any])
        let sizes = try #require(comparison["sizes"] as? [[String: Any]])
        #expect(sizes.compactMap { $0["context_size"] as? Int } == [8, 16])
        #expect(try Program.run(arguments, in: folder).output == first.output)
    }

    @Test("options for embeddings are refused for a model without embeddings")
    func refusals() throws {
        let folder = try ScratchFolder()
        let files = try files(folder)
        for options in [["--heads", "compact"], ["--embeddings", folder.file("e.safetensors")]] {
            let ending = try Program.run(["evaluate"] + files + options, in: folder)
            #expect(ending.status == 2 && ending.errors.contains("sentence-transformers"), "\(ending.errors)")
        }
    }

    @Test("a bad outcome row is reported, the others are used, and the exit code is 3")
    func badRows() throws {
        let folder = try ScratchFolder()
        var files = try files(folder)
        let lines = try String(contentsOfFile: files[3], encoding: .utf8).split(separator: "\n").map(String.init)
        files[3] = try folder.write(
            "bad.outcomes.jsonl", lines + [#"{"policy_id":"m0","prompt_id":"nowhere","reward":1}"#])
        let ending = try Program.run(["evaluate", "--context-size", "8", "--seeds", "1"] + files, in: folder)
        #expect(ending.status == 3 && ending.errors.contains("1 rows are not usable"), "\(ending.errors)")
        #expect(ending.errors.contains("bad.outcomes.jsonl:121"), "\(ending.errors)")
    }
}
