import Corpora
import TestSupport
import Testing

@Suite("Costs of rollouts by prompt")
struct CostTableTests {
    @Test("rows with n are means of n rollouts, rows without state a cost; other rows are counted")
    func read() throws {
        let folder = try ScratchFolder()
        let path = try folder.write(
            "costs.jsonl",
            [
                #"{"prompt_id":"a","response_tokens":10,"n":3}"#, #"{"prompt_id":"a","response_tokens":30,"n":1}"#,
                #"{"id":"b","response_tokens":"7.5"}"#, #"{"id":"c"}"#, #"{"id":"d","response_tokens":-1}"#,
                #"{"id":"e","response_tokens":5,"n":0}"#, #"{"response_tokens":5}"#, "no row",
            ])
        let table = try CostTable(files: [path], key: "response_tokens")
        #expect(Set(table.costs.keys) == ["a", "b"])
        #expect(table.costs["a"]?.observed.cost == 60 && table.costs["a"]?.observed.rollouts == 4)
        #expect(table.costs["b"]?.stated.cost == 7.5 && table.costs["b"]?.stated.rows == 1)
        #expect(table.rowsWithout == 1 && table.errors.rows == 4)
    }

    @Test("a key may lead into nested objects")
    func nested() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("costs.jsonl", [#"{"prompt_id":"a","usage":{"completion_tokens":12},"n":2}"#])
        #expect(try CostTable(files: [path], key: "usage.completion_tokens").costs["a"]?.observed.cost == 24)
    }
}
