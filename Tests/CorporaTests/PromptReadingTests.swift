import Corpora
import Foundation
import Scoring
import Testing

/// What text becomes the prompt: keys that are tried, texts that are joined, labels and answers that are not prompts.
@Suite("Reading of prompts")
struct PromptReadingTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func row(_ json: String, _ keys: RowKeys = .automatic) throws -> PromptCorpus.Element {
        try #require(try elements([scratch.write("row", json)], keys: keys).first)
    }

    @Test(
        "what belongs to an instruction or a question is joined to it",
        arguments: [
            (#"{"instruction":"List the primes.","input":"4, 5","output":"5"}"#, "List the primes.\n\n4, 5"),
            (#"{"instruction":"Name a colour.","input":"","output":"red"}"#, "Name a colour."),
            (#"{"input":"","question":"Capital of Peru?"}"#, "Capital of Peru?"),
            (#"{"prompt":" ","messages":[],"problem":"2+2?"}"#, "2+2?"),
            (#"{"body":"Two pears.","question":"How many?","idx":0}"#, "Two pears.\n\nHow many?"),
            (#"{"ID":"c","Body":"Two pears.","Question":"How many?","Answer":2}"#, "Two pears.\n\nHow many?"),
            (#"{"question":"Is it?","passage":"It is.","answer":true}"#, "It is.\n\nIs it?"),
            (#"{"question":"Two pears. How many?","context":"Two pears."}"#, "Two pears. How many?"),
            (#"{"question":"Which?","choices":["x","y"],"answer":1}"#, "Which?\nA. x\nB. y"),
            (#"{"question":"Which?","choices":{"text":["x","y"],"label":["1","2"]}}"#, "Which?\n1. x\n2. y"),
            (#"{"question":"Which?","options":{"A":"x","B":"y"}}"#, "Which?\nA. x\nB. y"),
            (#"{"question":"Which?","options":["A)x","B)y"]}"#, "Which?\nA)x\nB)y"),
            (#"{"Question":"Which?","A":"x","B":"y","C":"z","Answer":"A"}"#, "Which?\nA. x\nB. y\nC. z"),
            (#"{"question":"Which? A. x B. y","choices":["x","y"]}"#, "Which? A. x B. y"),
            (#"{"question":"Which?\n(A)x\n(B)y","options":["(A)x","(B)y"]}"#, "Which?\n(A)x\n(B)y"),
            (#"{"question":"Which?\n x\n y","choices":["x","y"]}"#, "Which?\n x\n y"),
            (#"{"question":"5 of 9, or x and y?","options":["A)5","B)9"]}"#, "5 of 9, or x and y?\nA)5\nB)9"),
            (#"{"question":"A fox or a hen?","choices":["fox","hen"]}"#, "A fox or a hen?\nA. fox\nB. hen"),
            (#"{"article":"A.","question":"Q?","options":["x","y"]}"#, "A.\n\nQ?\nA. x\nB. y"),
            (#"{"system_prompt":"Be brief.","question":"Q?","response":"r"}"#, "system: Be brief.\n\nuser: Q?"),
            (#"{"task":"gsm8k","inputs":"How many eggs?","targets":"12"}"#, "How many eggs?"),
            (#"{"text":"Write a function.","code":"def f(): pass","task_id":1}"#, "Write a function."),
            (
                #"{"id":"a1","question":{"stem":"Which?","choices":[{"text":"x","label":"A"},{"text":"y","label":"B"}]}}"#,
                "Which?\nA. x\nB. y"
            ),
            (#"{"context":"C.","question":{"stem":"Q?"},"answerKey":"B"}"#, "C.\n\nQ?"),
            (
                #"{"context":"C.","question":"Q?","answerA":"x","answerB":"y","answerC":"z"}"#,
                "C.\n\nQ?\nA. x\nB. y\nC. z"
            ),
            (#"{"question":"Q?","answer0":"x","answer1":"y","label":1}"#, "Q?\nA. x\nB. y"),
            (#"{"ctx":"He sits","ctx_a":"He sits","endings":["down.","up."],"label":0}"#, "He sits\nA. down.\nB. up."),
            (#"{"input":"Is it?","target_scores":{"Yes":1,"No":0}}"#, "Is it?\nA. Yes\nB. No"),
            (#"{"input":"Is it?","target_scores":{"Yes":1}}"#, "Is it?"),
            (#"{"messages":[{"role":"user","content":"Q?"}],"system":"S"}"#, "system: S\n\nuser: Q?"),
            (#"{"conversations":[{"from":"human","value":"Q?"}],"system":"S"}"#, "system: S\n\nuser: Q?"),
            (
                #"{"prompt":[{"role":"system","content":"T"},{"role":"user","content":"Q?"}],"system":"S"}"#,
                "system: T\n\nuser: Q?"
            ),
        ])
    func joined(json: String, text: String) throws {
        #expect(try row(json).row?.prompt.text == text)
    }

    @Test(
        "a label is never the prompt",
        arguments: [
            #"{"task":"gsm8k"}"#, #"{"task":"Math word problems","answer":"3"}"#, #"{"dataset":"d","subject":"s"}"#,
        ])
    func labels(json: String) throws {
        #expect(try row(json).error?.code == .missingPrompt)
    }

    @Test(
        "a prompt under a usual key is used as it is, whatever is beside it",
        arguments: [
            #"{"prompt":"Q?","context":"c","choices":["x"],"system":"s"}"#,
            #"{"prompt":"Q?","instruction":"i","input":"x"}"#,
            #"{"messages":[{"role":"user","content":"Q?"}],"question":"other"}"#,
        ])
    func complete(json: String) throws {
        #expect(try row(json).row?.prompt.text == "Q?")
    }

    @Test(
        "messages are read in the forms of ShareGPT, Gemini, Anthropic and OpenAI's Responses, and as JSON in a text",
        arguments: [
            (
                #"{"conversations":[{"from":"human","value":"Legs?"},{"from":"gpt","value":"Eight."}]}"#,
                "user: Legs?\n\nassistant: Eight."
            ),
            (
                #"{"conversations":[{"from":"system","value":"S"},{"from":"human","value":"Q"}]}"#,
                "system: S\n\nuser: Q"
            ),
            (#"{"key":"k","request":{"contents":[{"role":"user","parts":[{"text":"Q"}]}]}}"#, "Q"),
            (
                #"{"custom_id":"c","params":{"system":"S","messages":[{"role":"user","content":"Q"}]}}"#,
                "system: S\n\nuser: Q"
            ),
            (#"{"custom_id":"c","body":{"instructions":"S","input":"Q"}}"#, "Q"),
            (#"{"messages":"[{\"role\": \"user\", \"content\": \"Q\"}]"}"#, "Q"),
            (
                #"{"prompt":"[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":\"Q\"}]"}"#,
                "system: S\n\nuser: Q"
            ),
            (#"{"prompt":"[1, 2] has which sum?"}"#, "[1, 2] has which sum?"),
            (
                #"{"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"get","arguments":"{\"city\":\"Oslo\"}"}}]},{"role":"tool","content":"12 C"}]}"#,
                "user: w?\n\nassistant: get({\"city\":\"Oslo\"})\n\ntool: 12 C"
            ),
            (
                #"{"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":"Let me see.","function_call":{"name":"get","arguments":{"city":"Rome","n":1.50}}}]}"#,
                "user: w?\n\nassistant: Let me see.\nget({\"city\":\"Rome\",\"n\":1.50})"
            ),
            (
                #"{"messages":[{"role":"user","content":"w?"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"get","input":{"c":"O"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"12"}]}]}"#,
                "user: w?\n\nassistant: get({\"c\":\"O\"})\n\nuser: 12"
            ),
            (
                #"{"body":{"input":[{"role":"user","content":"w?"},{"type":"function_call","name":"get","arguments":"{}"},{"type":"function_call_output","output":"12"}]}}"#,
                "user: w?\n\nassistant: get({})\n\ntool: 12"
            ),
        ])
    func messages(json: String, text: String) throws {
        let text = json.contains("instructions") ? "system: S\n\nuser: Q" : text
        #expect(try row(json).row?.prompt.text == text)
    }

    @Test(
        "turns of the user are one prompt: several as blocks, one as it is",
        arguments: [
            (
                #"{"question_id":81,"category":"w","turns":["Write.","Rewrite it."]}"#,
                "user: Write.\n\nuser: Rewrite it."
            ),
            (#"{"question_id":1,"turns":["Write."]}"#, "Write."),
            (#"{"question_id":1,"turns":[{"content":"Write."}]}"#, "Write."),
            (
                #"{"turns":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]}"#,
                "user: Q\n\nassistant: A"
            ),
            (
                #"{"id":"b","question":[[{"role":"user","content":"Go."}],[{"role":"user","content":"Stop."}]]}"#,
                "user: Go.\n\nuser: Stop."
            ),
            (#"{"id":"b","question":[[{"role":"user","content":"Go."}]]}"#, "Go."),
        ])
    func turns(json: String, text: String) throws {
        #expect(try row(json).row?.prompt.text == text)
        let sample = try PromptSample.read([scratch.write("turns", json)])
        #expect(sample.files[0].openTurns == (text.contains("\n\nuser") ? 1 : 0))
    }

    @Test(
        "a list of texts under another key, and of anything else, is refused",
        arguments: [
            #"{"id":"1","prompt":["a b","c d"]}"#, #"{"turns":[1]}"#, #"{"question":[["a"]]}"#, #"{"turns":[]}"#,
        ])
    func noTurns(json: String) throws {
        #expect([.badType, .emptyPrompt].contains(try row(json).error?.code))
    }

    @Test("a row without a prompt is refused with the names of its texts")
    func candidates() throws {
        let json = #"{"id":"a long id","sentence":"The trophy is too large.","n":3,"answer":"the large trophy"}"#
        let error = try #require(try row(json).error)
        #expect(error.code == .missingPrompt && error.message.hasSuffix("(the row has text under sentence)"))
    }

    @Test("a system prompt or a passage beside the rows of a document belongs to each row without one")
    func shared() throws {
        let text = """
            {"name": "n", "context": "All of it.", "system_prompt": " ",
             "examples": [{"input": "Q1?"}, {"input": "Q2?", "context": "Its own."}]}
            """
        let found = try elements([scratch.write("task.json", text)]).compactMap { $0.row?.prompt.text }
        #expect(found == ["All of it.\n\nQ1?", "Its own.\n\nQ2?"])
    }

    @Test("code beside an input is named as not read; beside a question it is an answer")
    func code() throws {
        for (json, names) in [
            (#"{"code":"def f(x): return x","input":"3","output":"3"}"#, ["code"]),
            (#"{"code":"def f(x): return x","question":"What is f?","output":"3"}"#, []),
            (#"{"code":"def f(x): return x","instruction":"Write f.","input":"3"}"#, []),
        ] {
            #expect(try PromptSample.read([scratch.write("c", json)]).files[0].unread.map(\.name) == names)
        }
    }

    @Test(
        "messages that are text but not JSON are refused",
        arguments: [
            #"{"messages":"[{'role': 'user', 'content': 'Q'}]"}"#, #"{"prompt":"[{'content': 'Q', 'role': 'user'}]"}"#,
            #"{"messages":"[{\"role\": \"user\", \"content\": \"Q\""}"#,
        ])
    func notJSON(json: String) throws {
        #expect(try row(json).error?.code == .badType)
    }

    @Test("a last turn of the assistant is counted, and left out where that is asked for")
    func lastTurn() throws {
        let path = try scratch.write(
            "p",
            """
            {"messages":[{"role":"user","content":"17*3?"},{"role":"assistant","content":"51."}]}
            {"messages":[{"role":"user","content":"17*3?"}]}
            """)
        var corpus = try PromptCorpus(files: [path])
        while try corpus.next() != nil {}
        #expect(corpus.counts.assistantLast == 1)
        var keys = RowKeys.automatic
        keys.dropsAnswer = true
        #expect(try elements([path], keys: keys).compactMap { $0.row?.prompt.text } == ["17*3?", "17*3?"])
        #expect(try row(#"{"messages":[{"role":"assistant","content":"A"}]}"#, keys).error?.code == .emptyPrompt)
    }

    @Test("several keys are joined, and a template is filled")
    func named() throws {
        let json = #"{"body":"B","question":"Q","n":3,"options":["x","y"],"empty":""}"#
        #expect(try row(json, RowKeys(prompt: "body,question")).row?.prompt.text == "B\n\nQ")
        #expect(try row(json, RowKeys(prompt: "question")).row?.prompt.text == "Q")
        #expect(try row(json, RowKeys(prompt: "none, empty ,question")).row?.prompt.text == "Q")
        #expect(try row(#"{"a,b":"both"}"#, RowKeys(prompt: "a,b")).error?.code == .missingPrompt)
        var keys = RowKeys.automatic
        keys.template = PromptTemplate(#"Passage: {body}\nQ{{{n}}}: {question}\n{options}"#)
        #expect(try row(json, keys).row?.prompt.text == "Passage: B\nQ{3}: Q\nA. x\nB. y")
        let error = try #require(try row(#"{"body":"B"}"#, keys).error)
        #expect(error.code == .missingPrompt && error.message.contains("\"n\""))
        for bad in ["no member", "{", "a } b", "{}", "{a{b}}"] { #expect(PromptTemplate(bad) == nil) }
    }

    @Test("NaN, half a surrogate and a second key do no harm where they are not used")
    func tolerance() throws {
        #expect(try row(#"{"id":"n","prompt":"Q","metadata":{"d":NaN,"e":-Infinity}}"#).row?.prompt.text == "Q")
        #expect(try row(#"{"prompt":"Q","note":"\ud83d","note":"again"}"#).row?.prompt.text == "Q")
        #expect(try row(#"{"prompt":"Q","context":"\udc00","question":"\ud800"}"#).row?.prompt.text == "Q")
        #expect(try row(#"{"prompt":"a\ud83d"}"#).error?.code == .badJSON)
        #expect(try row(#"{"prompt":"a","prompt":"b"}"#).error?.code == .badJSON)
        #expect(try row(#"{"id":NaN,"prompt":"Q"}"#).error?.code == .badJSON)
        #expect(try row(#"{"prompt":"Q","x":nan}"#).error?.code == .badJSON)
    }

    @Test("a whole number written with a fraction is the same id", arguments: ["1", "1.0", "1e0", "1.00"])
    func wholeIDs(digits: String) throws {
        #expect(try row("{\"id\":\(digits),\"prompt\":\"Q\"}").row?.prompt.id == "1")
    }

    @Test("ids that start again in each file begin with the files' names")
    func shards() throws {
        let line = "{\"id\":0,\"prompt\":\"Q\"}\n"
        let files = [try scratch.write("s0.jsonl", line), try scratch.write("s1.jsonl.gz", try gzip(Array(line.utf8)))]
        let refused = try #require(try elements(files).compactMap(\.error).first)
        #expect(refused.code == .duplicateID && refused.message.contains("--id-from file"))
        var keys = RowKeys.automatic
        keys.idsHaveFile = true
        #expect(try elements(files, keys: keys).compactMap { $0.row?.prompt.id } == ["s0/0", "s1/0"])
        for folder in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
            try scratch.write("\(folder)/x.jsonl", line)
        }
        let same = ["a", "b"].map { scratch.file("\($0)/x.jsonl") }
        #expect(try elements(same, keys: keys).compactMap { $0.row?.prompt.id } == ["a/x/0", "b/x/0"])
    }

    @Test("a sample names the keys that are read, the first prompt, and texts that are not read")
    func sample() throws {
        let path = try scratch.write(
            "p.jsonl",
            """
            {"question":"How many apples?","idea":"Seven red apples and two green.","answer":"9 of them in all","k":"a b"}
            {"question":"How many apples?","idea":"The basket is quite empty.","answer":"none at all, you see","k":"a b"}
            {"question":"How many pears?","body":"One pear."}
            {"id":3}
            """)
        let sample = try PromptSample.read([path])
        let file = try #require(sample.files.first)
        #expect(file.keys.map(\.name) == ["question", "body + question"] && file.keys.map(\.rows) == [2, 1])
        #expect(file.first?.text == "How many apples?")
        #expect(file.unread.map(\.name) == ["idea"] && file.unread.map(\.rows) == [2])
        #expect(file.repeats == 1 && file.rows == 3)
        #expect(sample.errors.sorted.map(\.code) == [.missingPrompt] && sample.errors.lines[0].contains("p.jsonl:4"))
        #expect(try PromptSample.read([path], keys: RowKeys(prompt: "question")).files[0].unread.isEmpty)
    }

    @Test("a sample warns of texts beside a complete prompt, and reads on to the first good row")
    func sampleOfPrompts() throws {
        let path = try scratch.write("p.jsonl", "{\"prompt\":\"Q?\",\"context\":\"c\",\"tools\":[{}]}\n")
        #expect(try PromptSample.read([path]).files[0].unread.map(\.name) == ["context", "tools"])
        let late = try scratch.write("late", String(repeating: "{}\n", count: 1500) + "{\"prompt\":\"Q\"}\n")
        #expect(try PromptSample.read([late]).rows.map(\.prompt.text) == ["Q"])
    }
}
