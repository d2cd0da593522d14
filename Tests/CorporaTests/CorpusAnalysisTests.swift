import Corpora
import Foundation
import Testing

/// Distributions of predictions, and the choice and copy of rows by them.
@Suite("Reports and filters of scored corpora")
struct CorpusAnalysisTests {
    @Test("bins, shares near the ends and the expected silent share are exact")
    func counts() {
        var counts = ProbabilityCounts(rollouts: 2, margin: 0.05)
        for p: Float in [0, 0.05, 0.5, 1] { counts.add(p) }
        #expect(counts.rows == 4 && counts.nearZero == 2 && counts.nearOne == 1)
        #expect(counts.bins[0] == 1 && counts.bins[1] == 1 && counts.bins[10] == 1 && counts.bins[19] == 1)
        // (1 + 0.905 + 0.5 + 1) / 4
        #expect(abs(counts.silentShare - 0.85125) < 1e-6)
        #expect(abs(counts.mean - 0.3875) < 1e-6)
    }

    @Test("the expected silent share counts how uncertain a belief is")
    func uncertainSilence() {
        var counts = ProbabilityCounts(rollouts: 2, margin: 0.05)
        counts.add(0.5, kappa: 1)
        // Beta(½, ½): E(p²) = ½ · 1½ / (1 · 2).
        #expect(abs(counts.silentShare - 0.75) < 1e-6)
        var wide = ProbabilityCounts(rollouts: 8, margin: 0.05)
        wide.add(0, kappa: 1)
        wide.add(1, kappa: 1e-30)
        #expect(abs(wide.silentShare - 1) < 1e-6)
        var narrow = ProbabilityCounts(rollouts: 8, margin: 0.05)
        narrow.add(0.5, kappa: 1e9)
        #expect(abs(narrow.silentShare - 2 / 256) < 1e-6)
    }

    @Test("a report counts by source and length, and names prompts without a score")
    func report() throws {
        let scratch = try Scratch()
        let (scores, prompts) = try Self.corpus(scratch)
        let report = try CorpusReport(
            scores: [scores], prompts: [prompts], keys: .automatic, rollouts: 8, margin: 0.05)
        #expect(report.overall.rows == 4 && report.scores.errors.rows == 1)
        #expect(report.prompts == 4 && report.unscored.first == ["e"] && report.scoresWithoutPrompt == 1)
        #expect(report.sources["m"]?.rows == 2 && report.sources["n"]?.rows == 1)
        #expect(report.exactRepeats == 1 && report.looseRepeats == 2)
        #expect(report.lengths[0].rows == 2 && report.lengths[1].rows == 1)
        #expect(!report.scores.hasTruncation)
    }

    @Test("prompts that were cut are counted by source and length, from the scores' own rows")
    func truncation() throws {
        let scratch = try Scratch()
        let (_, prompts) = try Self.corpus(scratch)
        let scores = try scratch.write(
            "cut.jsonl",
            """
            {"prompt_id":"a","p":0,"truncated":true}
            {"prompt_id":"b","p":1,"truncated":false}
            {"prompt_id":"c","p":0.99,"truncated":true}

            """)
        let report = try CorpusReport(
            scores: [scores], prompts: [prompts], keys: .automatic, rollouts: 8, margin: 0.05)
        #expect(report.scores.hasTruncation && report.overall.truncated == 2)
        #expect(report.sources["m"]?.truncated == 1 && report.sources["m"]?.truncatedShare == 0.5)
        #expect(report.sources["n"]?.truncated == 1 && report.lengths[1].truncated == 1)
        // The mark does not change the probability.
        let entry = report.scores.entry(of: "a")
        #expect(report.sources["m"]?.mean == 0.5 && entry?.p == 0 && entry?.isTruncated == true)
    }

    @Test("a band keeps the rows in it, byte for byte, and leaves out rows without a score")
    func band() throws {
        let scratch = try Scratch()
        let (scores, prompts) = try Self.corpus(scratch)
        let selection = try RowSelection(
            prompts, keys: .automatic, scores: try ScoreTable([scores]), rule: .init(band: 0.2...0.9))
        #expect(selection.rows == 4 && selection.inBand == 2 && selection.unscored.count == 1)
        let written = try RowCopy.write(selection.kept, of: prompts, to: scratch.file("out.jsonl"))
        let lines = String(decoding: try Data(contentsOf: URL(fileURLWithPath: prompts)), as: UTF8.self)
            .split(separator: "\n")
        #expect(written == 2)
        #expect(String(decoding: try scratch.read("out.jsonl"), as: UTF8.self) == "\(lines[0])\n\(lines[1])\n")
    }

    @Test("rows that are near-duplicates are left out before quotas are drawn, and counted")
    func nearDuplicates() throws {
        let scratch = try Scratch()
        let (scores, prompts) = try Self.corpus(scratch)
        var repeats = RowSet()
        repeats.insert(2)
        let selection = try RowSelection(
            prompts, keys: .automatic, scores: try ScoreTable([scores]), rule: .init(band: 0.2...0.9, sample: 2),
            leavingOut: repeats)
        #expect(selection.inBand == 2 && selection.nearDuplicates == 1 && selection.kept.count == 1)
        #expect(selection.kept.contains(1) && !selection.kept.contains(2))
    }

    @Test("a sample follows p(1 - p) and the seed; a quota holds for each source")
    func draws() throws {
        let scratch = try Scratch()
        let rows = 0..<600
        let prompts = try scratch.write(
            "p.jsonl",
            rows.map { "{\"prompt_id\":\"\($0)\",\"prompt\":\"q \($0)\",\"data_source\":\"s\($0 % 3)\"}\n" }.joined())
        let scores = try scratch.write(
            "s.jsonl", rows.map { "{\"prompt_id\":\"\($0)\",\"p\":\($0 < 300 ? 0.5 : 0.01)}\n" }.joined())
        let table = try ScoreTable([scores])
        func chosen(_ rule: RowSelection.Rule) throws -> RowSet {
            try RowSelection(prompts, keys: .automatic, scores: table, rule: rule).kept
        }
        let sample = try chosen(.init(sample: 100, seed: 1))
        #expect(sample.count == 100)
        // Even chances would give 50; by contrast, 96 are expected.
        #expect(rows.filter { $0 < 300 && sample.contains($0 + 1) }.count > 80)
        #expect(try chosen(.init(sample: 100, seed: 1)) == sample)
        #expect(try chosen(.init(sample: 100, seed: 2)) != sample)
        let quota = try chosen(.init(perSource: 7))
        for source in 0..<3 { #expect(rows.filter { $0 % 3 == source && quota.contains($0 + 1) }.count == 7) }
        #expect(try chosen(.init(perSource: 7, sample: 10)).count == 10)
    }

    @Test("rows of a CSV file keep their quotes and line ends, and the header stays")
    func table() throws {
        let scratch = try Scratch()
        let head = "prompt_id,prompt\r\n"
        let first = "a,\"two\nlines, \"\"x\"\"\"\r\n"
        let input = try scratch.write("p.csv", head + first + "b,plain\r\nc,last")
        var rows = RowSet()
        for row in [1, 3] { rows.insert(row) }
        #expect(try RowCopy.write(rows, of: input, to: scratch.file("o.csv")) == 2)
        #expect(String(decoding: try scratch.read("o.csv"), as: UTF8.self) == head + first + "c,last\n")
    }

    @Test("rows of a JSON array keep their bytes, and the output is an array")
    func array() throws {
        let scratch = try Scratch()
        let rows = [
            "{\"prompt_id\":\"a\", \"prompt\":\"x\",\n  \"n\":1.50}", "7", "{\"prompt\":\"y\"}", "{\"prompt\":\"z\"}",
        ]
        let input = try scratch.write("p.json", "[ " + rows.joined(separator: " ,\n") + "]")
        func copy(_ numbers: [Int]) throws -> String {
            var set = RowSet()
            for number in numbers { set.insert(number) }
            #expect(try RowCopy.write(set, of: input, to: scratch.file("o.json")) == numbers.count)
            return String(decoding: try scratch.read("o.json"), as: UTF8.self)
        }
        #expect(try copy([1, 4]) == "[\n\(rows[0]),\n\(rows[3])\n]\n")
        #expect(try copy([]) == "[\n]\n")
    }

    @Test("a file is not written over itself, and a JSON object is refused by name")
    func refusals() throws {
        let scratch = try Scratch()
        let input = try scratch.write("p.jsonl", "{\"prompt\":\"x\"}\n")
        #expect(throws: CorporaError.self) { try RowCopy.write(RowSet(), of: input, to: input) }
        #expect(String(decoding: try scratch.read("p.jsonl"), as: UTF8.self) == "{\"prompt\":\"x\"}\n")
        let object = try scratch.write("p.json", "{\"data\":[{\"prompt\":\"x\"}]}")
        let error = #expect(throws: CorporaError.self) { try RowCopy.check(object) }
        #expect(error.map { "\($0)".contains("p.json") } == true)
    }

    private static func corpus(_ scratch: Scratch) throws -> (scores: String, prompts: String) {
        let scores = try scratch.write(
            "scores.jsonl",
            """
            {"prompt_id":"a","p":0.5}
            {"prompt_id":"b","p":0.25}
            {"prompt_id":"c","p":0.99}
            {"prompt_id":"d","p":0.1}
            {"prompt_id":"x","p":7}

            """)
        let prompts = try scratch.write(
            "prompts.jsonl",
            """
            {"prompt_id":"a",  "prompt":"What is 2+3?","data_source":"m","kept":[1, 2]}
            {"prompt_id":"b","prompt":"what  is 2+3?","data_source":"m"}
            {"prompt_id":"c","prompt":"\(String(repeating: "long ", count: 40))","data_source":"n"}
            {"prompt_id":"e","prompt":"What is 2+3?","data_source":"n"}

            """)
        return (scores, prompts)
    }
}
