import Corpora
import Foundation
import Scoring
import Testing

/// Records of rollouts as other programs write them, and what is made of their rewards.
@Suite("Records of other programs")
struct RecordFormTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func rows(_ content: String, _ keys: RowKeys? = nil) throws -> [HistoryRow] {
        var keys = keys ?? .automatic
        keys.unnamedPolicy = keys.unnamedPolicy ?? Policy(id: "mine")
        var history = try HistoryCorpus(files: [scratch.write("h.jsonl", content)], keys: keys)
        var rows: [HistoryRow] = []
        while let element = try history.next() {
            if case .row(let row) = element { rows.append(row) }
        }
        return rows
    }

    private static let lmEval = #"""
        {"doc_id":0,"doc":{"question":"q0"},"target":"1","arguments":[["Q: q0\nA:",{"until":["\n"]}]],"resps":[["1"]],"filtered_resps":["1"],"filter":"strict-match","metrics":["exact_match"],"exact_match":1.0,"doc_hash":"x"}
        {"doc_id":0,"doc":{"question":"q0"},"target":"1","arguments":[["Q: q0\nA:",{"until":["\n"]}]],"resps":[["1"]],"filtered_resps":["1"],"filter":"flexible-extract","metrics":["exact_match"],"exact_match":0.0,"doc_hash":"x"}
        {"doc_id":1,"doc":{"question":"q1"},"target":"1","arguments":{"gen_args_0":{"arg_0":"[{\"role\": \"user\", \"content\": \"q1\"}]","arg_1":{}}},"resps":[["2"]],"filter":"strict-match","acc":0.0}
        """#

    @Test("samples of lm-eval: prompt from the arguments, reward from the metric, one filter")
    func lmEval() throws {
        let found = try rows(Self.lmEval)
        #expect(found.map(\.text) == ["Q: q0\nA:", "q1"])
        #expect(found.map(\.outcome.reward) == [1, 0] && found.map(\.promptID) == ["0", "1"])
        #expect(found.allSatisfy { $0.form == .lmEval && $0.policy.id == "mine" })
        #expect(try elements([scratch.file("h.jsonl")]).compactMap { $0.row?.prompt.text } == ["Q: q0\nA:", "q1"])
    }

    @Test("rollout dumps of verl: the template's words are not the prompt, the step is the version")
    func verl() throws {
        let found = try rows(
            #"""
            {"input":"user\nWhat is 0+5?\nassistant\n","output":"5","gts":"5","score":1.0,"step":7}
            {"input":"system\nBe brief.\nuser\nWhat is 1+5?\nassistant\n","output":"7","score":-1.0,"step":8}
            """#, with(.range(-1...1)))
        #expect(found.map(\.text) == ["What is 0+5?", "system: Be brief.\n\nuser: What is 1+5?"])
        #expect(found.map(\.policy) == [Policy(id: "mine", version: 7), Policy(id: "mine", version: 8)])
        #expect(found.map(\.outcome.reward) == [1, 0])
    }

    @Test(
        "other records are recognised",
        arguments: [
            (
                #"{"example_id":3,"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"5"}],"answer":"5","reward":1.0}"#,
                RecordForm.verifiers, "3", 1.0
            ),
            (
                #"{"step":2,"prompt":"Q","completion":"5","accuracy_reward":1.0,"format_reward":0.0,"advantage":0.5}"#,
                .trl, nil, 1
            ),
            (
                #"{"instance_id":"id7","train_trial_index":0,"stats":[{"name":{"name":"exact_match"},"count":1,"mean":1.0}]}"#,
                .helm, "id7", 1
            ),
            (#"{"instance_id":"id7","predicted_text":"5","stats":{"exact_match":0.0}}"#, .helm, "id7", 0),
            (
                #"{"doc":{"query":"Q","id":"9"},"metric":{"extractive_match":1.0},"model_response":{"input":"Q","text":["5"]}}"#,
                .lightEval, "9", 1
            ),
            (#"{"full_prompt":"Q","metrics":{"acc":0.0},"predictions":["5"]}"#, .lightEval, nil, 0),
            (
                #"{"id":"batch_1","custom_id":"c1","response":{"status_code":200,"body":{"model":"m","choices":[]}},"reward":1}"#,
                .openAIBatch, "c1", 1
            ),
        ] as [(String, RecordForm, String?, Double)])
    func forms(json: String, form: RecordForm, id: String?, reward: Double) throws {
        let row = try #require(try rows(json).first)
        #expect(row.form == form && row.promptID == id && row.outcome.reward == reward)
        #expect(row.text == nil || row.text == "Q")
        #expect(form != .openAIBatch || row.policy.id == "m")
        let report = try FileReport.read(scratch.file("h.jsonl"))
        #expect(report.kind == .history && report.forms == [form: 1] && report.isGood)
    }

    private func with(_ scale: RewardScale) -> RowKeys {
        var keys = RowKeys.automatic
        keys.rewards = scale
        return keys
    }

    @Test("rewards are truth values, texts, of another range, or above a threshold")
    func rewards() throws {
        let row = { (reward: String) in "{\"prompt\":\"Q\",\"policy\":\"p\",\"reward\":\(reward)}" }
        for (text, reward) in [("true", 1.0), ("\"1.0\"", 1), ("\"false\"", 0), ("0.5", 0.5)] {
            #expect(try rows(row(text)).map(\.outcome.reward) == [reward])
        }
        #expect(try rows(row("-0.5")).isEmpty && rows(row("\"good\"")).isEmpty && rows(row("NaN")).isEmpty)
        #expect(try rows(row("-0.5"), with(.range(-1...1))).map(\.outcome.reward) == [0.25])
        #expect(try rows(row("3"), with(.range(-1...1))).isEmpty)
        #expect(try rows(row("0.2"), with(.threshold(0.1))).map(\.outcome.reward) == [1])
        #expect(try rows(row("0.1"), with(.threshold(0.1))).map(\.outcome.reward) == [0])
    }

    @Test("a policy names the rows that name none, with its version or theirs")
    func unnamed() throws {
        let path = try scratch.write(
            "h", "{\"prompt\":\"a\",\"reward\":1}\n{\"prompt\":\"b\",\"reward\":0}\n{\"prompt\":\"a\",\"reward\":0}\n")
        let context = try ContextFile.load([path], policy: "run@3")
        #expect(context.policy == Policy(id: "run", version: 3))
        #expect(context.context.rows.map(\.outcome) == [Outcome(k: 1, n: 2), Outcome(k: 0, n: 1)])
        #expect(context.warnings.contains(.summed(1)))
        #expect(throws: CorporaError.self) { try ContextFile.load([path]) }
        let report = try FileReport.read(path, kind: .history)
        #expect(report.policies == [FileReport.unnamed: 3] && report.summed == 1)
    }

    @Test("rows of single rollouts are summed in outcomes too, and the mean of their costs is kept")
    func summedOutcomes() throws {
        let outcomes = try scratch.write(
            "x.outcomes.jsonl",
            (0..<8).map { "{\"policy_id\":\"p\",\"prompt_id\":\"g\",\"reward\":\($0 % 2),\"cost\":\($0)}\n" }.joined())
        let prompts = try scratch.write("x.prompts.jsonl", "{\"prompt_id\":\"g\",\"prompt\":\"Q\"}\n")
        let loaded = try OutcomeSource.load(promptFiles: [prompts], outcomeFiles: [outcomes])
        let row = try #require(loaded.sources.first?.groups.first?.rows.first)
        #expect(row.outcome == Outcome(k: 4, n: 8) && row.expense.cost == 3.5)
        #expect(loaded.rejected == 0 && loaded.summed == 7)
    }

    @Test("the keys of prompts do not bind the record, and the record has keys of its own")
    func keysApart() throws {
        let record = #"{"policy_id":"p","prompt":"What is 2+2?","reward":1}"#
        #expect(try rows(record, RowKeys(prompt: "Question")).map(\.text) == ["What is 2+2?"])
        var keys = RowKeys(prompt: "Question", id: "ID")
        keys.recordPrompt = "asked"
        keys.recordID = "number"
        let other = try rows(#"{"policy_id":"p","asked":"Q","prompt":"no","number":4,"reward":1}"#, keys)
        #expect(other.map(\.text) == ["Q"] && other.map(\.promptID) == ["4"])
    }

    @Test("no history at all is an empty context")
    func noContext() throws {
        let empty = try #require(ContextFile.empty(Policy(id: "p")))
        #expect(empty.context.rows.isEmpty && empty.warnings == [.none])
    }
}
