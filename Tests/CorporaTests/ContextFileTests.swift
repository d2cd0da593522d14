import Corpora
import Foundation
import Scoring
import Testing

@Suite("Histories and context sets")
struct ContextFileTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func first(_ json: String) throws -> HistoryCorpus.Element {
        var history = try HistoryCorpus(files: [scratch.write("row", json)])
        return try #require(try history.next())
    }

    @Test(
        "an outcome is read in each of its forms",
        arguments: [
            (#"{"policy_id":"m","prompt":"Q","reward":0.25,"n":8}"#, 0.25, 8, Int?.none),
            (#"{"policy_id":"m","prompt":"Q","k":3,"n":4,"step":7}"#, 0.75, 4, 7),
            (#"{"policy_id":"m","prompt":"Q","successes":1,"n":2,"policy_version":"12"}"#, 0.5, 2, 12),
            (#"{"model":"m","prompt":"Q","score":1,"step":3.0}"#, 1, 1, 3),
            (#"{"policy_id":"m","prompt":"Q","outcome":true,"policy_version":null}"#, 1, 1, nil),
            (#"{"policy_id":"m","prompt":"Q","outcome":1,"reward":0.83,"n":8,"k":3}"#, 0.83, 8, nil),
        ] as [(String, Double, Int, Int?)])
    func outcomes(json: String, reward: Double, n: Int, version: Int?) throws {
        guard case .row(let row) = try first(json) else {
            Issue.record("rejected: \(try first(json))")
            return
        }
        #expect(row.outcome == Outcome(reward: reward, n: n))
        #expect(row.policy == Policy(id: "m", version: version))
    }

    @Test(
        "each kind of bad history row has its code and says what to do",
        arguments: [
            (#"{"prompt":"Q","reward":1}"#, RowError.Code.missingPolicy, "name the LLM"),
            (#"{"policy_id":"m","reward":1}"#, .missingPrompt, "give one of them"),
            (#"{"policy_id":"m","reward":1,"task":"sums"}"#, .missingPrompt, "give one of them"),
            (#"{"policy_id":"m","prompt_id":"a"}"#, .missingReward, "give reward"),
            (#"{"policy_id":"m","prompt_id":"a","k":1}"#, .missingReward, "k (or successes) and n"),
            (#"{"policy_id":"m","prompt_id":"a","reward":-1}"#, .badReward, "(reward + 1) / 2"),
            (#"{"policy_id":"m","prompt_id":"a","reward":1.01}"#, .badReward, "[0, 1]"),
            (#"{"policy_id":"m","prompt_id":"a","k":5,"n":4}"#, .badReward, "from 0 to n"),
            (#"{"policy_id":"m","prompt_id":"a","k":0.5,"n":4}"#, .badReward, "whole number"),
            (#"{"policy_id":"m","prompt_id":"a","reward":1,"n":0}"#, .badReward, "at least one"),
            (#"{"policy_id":"m","prompt_id":"a","reward":"1"}"#, .badType, "expected a number"),
            (#"{"policy_id":"m","prompt_id":"a","reward":1,"policy_version":1.5}"#, .badType, "whole number"),
            (#"{"policy_id":"m","prompt_id":"a","reward":1,"role":"test"}"#, .badRole, "context or query"),
            (#"{"policy_id":"m","prompt":"","reward":1}"#, .emptyPrompt, "fill or remove"),
        ] as [(String, RowError.Code, String)])
    func badRows(json: String, code: RowError.Code, advice: String) throws {
        guard case .rejected(let error) = try first(json) else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == code)
        #expect(error.message.contains(advice), "\(error)")
    }

    /// Rows of a policy on numbered prompts; even ones succeed.
    private func history(_ policy: String, _ rows: Range<Int>, version: Int? = nil) -> String {
        rows.map { i in
            let version = version.map { ",\"policy_version\":\($0)" } ?? ""
            return "{\"policy_id\":\"\(policy)\"\(version),\"prompt\":\"Q\(i)\",\"reward\":\(i % 2 == 0 ? 1 : 0)}\n"
        }.joined()
    }

    @Test("a history of one policy becomes its context set, in order and without warnings")
    func simple() throws {
        let path = try scratch.write("h.jsonl.gz", try gzip(Array(history("m", 0..<20, version: 5).utf8)))
        let loaded = try ContextFile.load([path])
        #expect(loaded.policy == Policy(id: "m", version: 5))
        #expect(loaded.context.rows.map(\.text) == (0..<20).map { "Q\($0)" })
        #expect(loaded.warnings.isEmpty && loaded.rejected == 0)
        #expect(loaded.files.map(\.lines) == [20])
    }

    @Test("several policies without a named one are an error that lists them; a named policy is used")
    func severalPolicies() throws {
        let content = history("a", 0..<20) + history("b", 0..<30, version: 1) + history("b", 0..<16, version: 2)
        let path = try scratch.write("h", content)
        let counts = [("a", nil, 20), ("b", 1, 30), ("b", 2, 16)].map { id, version, rows in
            CorporaError.PolicyCount(policy: Policy(id: id, version: version), rows: rows)
        }
        #expect(throws: CorporaError.severalPolicies(files: [path], counts: counts)) {
            _ = try ContextFile.load([path])
        }
        #expect(throws: CorporaError.severalPolicies(files: [path], counts: Array(counts[1...]))) {
            _ = try ContextFile.load([path], policy: "b")
        }
        #expect(throws: CorporaError.unknownPolicy("c", files: [path], counts: counts)) {
            _ = try ContextFile.load([path], policy: "c")
        }
        #expect(try ContextFile.load([path], policy: "b@2").context.rows.count == 16)
        #expect(try ContextFile.load([path], policy: "a").context.rows.count == 20)
        let message = CorporaError.severalPolicies(files: [path], counts: counts).description
        #expect(message.contains("a (20 rows), b@1 (30 rows), b@2 (16 rows)") && message.contains("--policy"))
    }

    @Test("few rows, one class, query rows and rejected rows are warnings")
    func warnings() throws {
        let few = try ContextFile.load([
            scratch.write(
                "few",
                history("m", 0..<1) + "oops\n{\"policy_id\":\"m\",\"prompt\":\"Q\",\"reward\":1,\"role\":\"query\"}\n")
        ])
        #expect(few.warnings == [.fewRows(1), .oneClass(isSuccess: true), .queryRowsLeftOut(1), .rejected(1)])
        #expect(few.problems.map(\.code) == [.badJSON])
    }

    @Test("rows that name their prompt find it in the prompt files; those that do not are problems")
    func lookup() throws {
        let prompts = try scratch.write(
            "p", (0..<50).map { "{\"id\":\"i\($0)\",\"prompt\":\"Text \($0)\"}\n" }.joined())
        let rows = (0..<20).map { "{\"policy_id\":\"m\",\"prompt_id\":\"i\($0 * 3)\",\"reward\":\($0 % 2)}\n" }.joined()
        let path = try scratch.write("h", rows)
        let loaded = try ContextFile.load([path], promptFiles: [prompts])
        #expect(loaded.context.rows.map(\.text) == (0..<17).map { "Text \($0 * 3)" })
        #expect(loaded.problems.map(\.code) == [.unknownPrompt, .unknownPrompt, .unknownPrompt])
        #expect(loaded.problems.map(\.line) == [18, 19, 20])
        #expect(loaded.warnings == [.rejected(3)])
        #expect { _ = try ContextFile.load([path]) } throws: { error in
            guard case .noContextRows(_, 20, let first?)? = error as? CorporaError else { return false }
            return first.code == .unknownPrompt
        }
    }

    @Test("of too many rows an even sample is kept, in file order, the same for the same seed")
    func sampling() throws {
        let path = try scratch.write("h", history("m", 0..<2000))
        let loaded = try ContextFile.load([path], rowsMax: 100, seed: 3)
        let numbers = loaded.context.rows.compactMap { Int($0.text.dropFirst()) }
        #expect(numbers.count == 100 && numbers == numbers.sorted() && Set(numbers).count == 100)
        // Expected mean 1000, standard deviation 57.
        let mean = numbers.reduce(0, +) / 100
        #expect((800...1200).contains(mean))
        #expect(loaded.warnings == [.sampled(kept: 100, of: 2000)])
        #expect(try ContextFile.load([path], rowsMax: 100, seed: 3).context.digest == loaded.context.digest)
        #expect(try ContextFile.load([path], rowsMax: 100, seed: 4).context.digest != loaded.context.digest)
        #expect(throws: CorporaError.contextTooLarge(wanted: 5000, most: 4096)) {
            _ = try ContextFile.load([path], rowsMax: 5000)
        }
    }

    @Test("prompt and outcome files are joined by their stem, and other files' prompts are looked at second")
    func sources() throws {
        let files = (
            prompts: [
                try scratch.write(
                    "x.prompts.jsonl.gz",
                    try gzip(Array("{\"id\":\"1\",\"prompt\":\"X1\",\"data_source\":\"fam\"}\n".utf8))),
                try scratch.write(
                    "y.prompts.jsonl", "{\"id\":\"1\",\"prompt\":\"Y1\"}\n{\"id\":\"2\",\"prompt\":\"Y2\"}\n"),
            ],
            outcomes: [
                try scratch.write(
                    "x.outcomes.jsonl",
                    """
                    {"policy_id":"b","prompt_id":"1","reward":1,"role":"context"}
                    {"policy_id":"b","prompt_id":"2","reward":0.5,"n":2,"role":"query"}
                    {"policy_id":"a","policy_version":3,"prompt_id":"2","reward":0,"role":"query"}
                    {"policy_id":"b","prompt_id":"2","reward":0,"role":"query"}
                    {"policy_id":"b","prompt_id":"9","reward":0,"role":"query"}
                    """)
            ]
        )
        let loaded = try OutcomeSource.load(promptFiles: files.prompts, outcomeFiles: files.outcomes)
        let source = try #require(loaded.sources.first)
        #expect(loaded.sources.count == 1 && source.name == "x")
        #expect(source.prompts.map(\.text) == ["X1", "Y2"])
        #expect(source.dataSources == ["fam", nil])
        #expect(source.groups.map(\.policy) == [Policy(id: "a", version: 3), Policy(id: "b")])
        #expect(source.groups[1].context.map(\.prompt) == [0])
        // Two rows on one prompt: 1 of 2 and 0 of 1 are 1 of 3.
        #expect(source.groups[1].queries.map(\.outcome) == [Outcome(k: 1, n: 3)])
        #expect(loaded.problems.map(\.code) == [.unknownPrompt] && loaded.rejected == 1 && loaded.summed == 1)
        #expect(OutcomeSource.stem(of: "/a/b.c/v0.5_x.outcomes.jsonl.zst") == "v0.5_x")
    }

    @Test("a report of a file counts valid and invalid rows, up to the end of the file")
    func reports() throws {
        let prompts = try scratch.write(
            "p", "{\"prompt\":\"A\"}\noops\n{\"id\":\"x\",\"prompt\":\"\"}\n{\"prompt\":\"BBB\"}\n")
        let report = try FileReport.read(prompts)
        #expect(report.kind == .prompts && report.rows == 2 && report.rejected == 2 && report.derivedIDs == 2)
        #expect(report.codes == [.badJSON: 1, .emptyPrompt: 1] && report.problems.map(\.line) == [2, 3])
        #expect(report.longestPromptBytes == 3 && !report.isGood && report.stopped == nil)
        let outcomes = try FileReport.read(scratch.write("h", history("m", 0..<5)))
        #expect(outcomes.kind == .history && outcomes.policies == [Policy(id: "m"): 5] && outcomes.isGood)
        let whole = try gzip(Array((0..<5000).map { "{\"prompt\":\"number \($0 &* 7919)\"}\n" }.joined().utf8))
        let cut = try FileReport.read(scratch.write("cut", whole[..<(whole.count / 2)]))
        #expect(cut.stopped != nil && cut.file == nil && cut.rows > 1000 && !cut.isGood)
    }
}
