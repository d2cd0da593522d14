import Corpora
import Foundation
import Scoring
import Testing

@Suite("PromptCorpus")
struct PromptCorpusTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func row(_ json: String, keys: RowKeys = .automatic) throws -> PromptCorpus.Element {
        try #require(try elements([scratch.write("row", json)], keys: keys).first)
    }

    @Test(
        "the prompt is found as each framework writes it",
        arguments: [
            (
                #"{"prompt":[{"role":"user","content":"Q"}],"data_source":"d","reward_model":{},"extra_info":{"index":3}}"#,
                "Q"
            ),
            (#"{"input":"Q","output":"A"}"#, "Q"),
            (#"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"Q"}]}"#, "system: S\n\nuser: Q"),
            (#"{"task":"What is Q?","dataset":"d","answer":"A"}"#, "What is Q?"),
            (#"{"task":"sums","question":"Q"}"#, "Q"),
            (#"{"problem":"Q"}"#, "Q"),
            (#"{"origin_query":"short","prompt":"Q"}"#, "Q"),
            (#"{"origin_query":"Q","prompt":null}"#, "Q"),
            (
                #"{"custom_id":"c","method":"POST","body":{"messages":[{"role":"user","content":[{"type":"text","text":"Q"},{"type":"text","text":"R"}]}]}}"#,
                "Q\nR"
            ),
            (#"{"body":{"input":"Q"}}"#, "Q"),
            (#"{"messages":[{"role":"assistant","content":"Q"}]}"#, "assistant: Q"),
            (
                #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[]}]}"#,
                "user: Q\n\nassistant: "
            ),
        ])
    func keysOfFrameworks(json: String, text: String) throws {
        #expect(try row(json).row?.prompt.text == text)
    }

    @Test("keys can be named, with dots into nested objects or as they are")
    func namedKeys() throws {
        let keys = RowKeys(prompt: "x.y", id: "extra_info.index", dataSource: "src")
        let nested = try row(
            #"{"x":{"y":"Q"},"prompt":"no","extra_info":{"index":12345678901234567890},"src":"d"}"#, keys: keys
        ).row
        #expect(nested?.prompt == Prompt(id: "12345678901234567890", text: "Q"))
        #expect(nested?.dataSource == "d")
        #expect(try row(#"{"x.y":"Q"}"#, keys: keys).row?.prompt.text == "Q")
        #expect(try row(#"{"prompt":"Q"}"#, keys: keys).error?.code == .missingPrompt)
    }

    @Test(
        "each kind of bad row has its code, its id where there is one, and says what to do",
        arguments: [
            (#"{"id":"a","other":1}"#, RowError.Code.missingPrompt, "a", "--prompt-key"),
            (#"{"id":"a","prompt":" \n\t "}"#, .emptyPrompt, "a", "fill or remove"),
            (#"{"id":"a","prompt":[]}"#, .emptyPrompt, "a", "fill or remove"),
            (#"{"id":"a","prompt":[{"role":"user","content":""}]}"#, .emptyPrompt, "a", "fill or remove"),
            (#"{"id":"a","prompt":7}"#, .badType, "a", "the number 7"),
            (#"{"id":"a","prompt":{"text":"Q"}}"#, .badType, "a", "an object with text"),
            (#"{"id":"a","prompt":["Q"]}"#, .badType, "a", "{role, content}"),
            (#"{"id":"a","prompt":[{"content":"Q"}]}"#, .badType, "a", "without a role"),
            (
                #"{"id":"a","prompt":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#, .badType,
                "a", "only text"
            ),
            (#"{"id":"a","prompt":[{"role":"user","content":7}]}"#, .badType, "a", "expected text"),
            (#"{"id":1.5,"prompt":"Q"}"#, .badType, nil, "--id-key"),
            (#"{"id":"","prompt":"Q"}"#, .badID, nil, "give an id"),
            (#"{"id":"a","prompt":"Q","data_source":[]}"#, .badType, "a", "expected a string"),
            (#"["Q"]"#, .badType, nil, "one object on each line"),
            (#""Q""#, .badType, nil, "one object on each line"),
        ] as [(String, RowError.Code, String?, String)])
    func badRows(json: String, code: RowError.Code, id: String?, advice: String) throws {
        let error = try #require(try row(json).error)
        #expect(error.code == code)
        #expect(error.promptID == id)
        #expect(error.message.contains(advice), "\(error)")
        #expect(error.description.hasPrefix("\(scratch.file("row")):1: \(code.rawValue)"))
    }

    @Test("an id of more than 512 bytes is refused, and the message stays short")
    func longID() throws {
        let error = try #require(try row(#"{"id":"\#(String(repeating: "i", count: 513))","prompt":"Q"}"#).error)
        #expect(error.code == .badID)
        #expect(error.message.count < 200)
    }

    @Test("every line that is not blank gives exactly one element, in order, over several files")
    func nothingIsLost() throws {
        var first = Array("{\"id\":\"a\",\"prompt\":\"A\"}\n\n  \r\nnonsense\n".utf8)
        first += Array("{\"id\":\"b\",\"prompt\":\"".utf8) + [0xFF] + Array("\"}\n".utf8)
        let one = try scratch.write("one", first)
        let two = try scratch.write("two.gz", try gzip(Array("{\"id\":7,\"prompt\":\"C\"}".utf8)))
        var corpus = try PromptCorpus(files: [one, two])
        var seen: [String] = []
        while let element = try corpus.next() {
            switch element {
            case .row(let row): seen.append("\(row.prompt.id)@\(row.line)")
            case .rejected(let error): seen.append("\(error.code.rawValue)@\(error.line)")
            }
        }
        #expect(seen == ["a@1", "bad_json@4", "invalid_utf8@5", "7@1"])
        #expect(corpus.counts.rows == 2 && corpus.counts.rejected == 2 && corpus.counts.derivedIDs == 0)
        #expect(corpus.files.map(\.lines) == [5, 1] && corpus.files.map(\.blankLines) == [2, 0])
        #expect(corpus.files.map(\.name) == ["one", "two.gz"])
        #expect(corpus.digest == InputFile.digest(of: try InputFile.survey([one, two])))
    }

    @Test("a second row of an id is rejected and names the first, across files")
    func duplicates() throws {
        let one = try scratch.write(
            "one", "{\"id\":\"a\",\"prompt\":\"A\"}\n\n{\"id\":\"b\",\"prompt\":\"B\"}\n{\"id\":\"b\",\"prompt\":\"C\"}"
        )
        let two = try scratch.write("two", "{\"id\":\"c\",\"prompt\":\"C\"}\n{\"id\":\"a\",\"prompt\":\"D\"}\n")
        let errors = try elements([one, two]).compactMap(\.error)
        #expect(errors.map(\.code) == [.duplicateID, .duplicateID])
        #expect(errors.map(\.promptID) == ["b", "a"])
        #expect(errors[0].message.contains("already used at one:3;"))
        #expect(errors[1].message.contains("already used at one:1;") && errors[1].file == two && errors[1].line == 2)
    }

    @Test("a row without an id gets one from its text, numbered where the text repeats")
    func derivedIDs() throws {
        let path = try scratch.write(
            "d", "{\"prompt\":\"A\"}\n{\"prompt\":\"B\",\"id\":null}\n{\"prompt\":\"A\"}\n{\"input\":\"A\"}\n")
        var corpus = try PromptCorpus(files: [path])
        var ids: [String] = []
        while let element = try corpus.next() { ids.append(element.row?.prompt.id ?? "?") }
        let a = "sha256:\(Digest(of: "A").hex.prefix(16))"
        #expect(ids == [a, "sha256:\(Digest(of: "B").hex.prefix(16))", "\(a)#2", "\(a)#3"])
        #expect(corpus.counts.derivedIDs == 4)
    }

    @Test("a hundred thousand ids are distinguished, and each is found again")
    func manyIDs() throws {
        let content = (0..<100_000).map { "{\"id\":\"row/\($0)\",\"prompt\":\"P\"}\n" }.joined()
        let path = try scratch.write("many", content)
        var corpus = try PromptCorpus(files: [path, path])
        while try corpus.next() != nil {}
        #expect(corpus.counts.rows == 100_000)
        #expect(corpus.counts.rejected == 100_000)
    }
}
