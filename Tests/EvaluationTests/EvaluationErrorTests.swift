import Evaluation
import Scoring
import Testing

@Suite("Evaluation errors")
struct EvaluationErrorTests {
    @Test(
        "a message has the values, the place and what to do",
        arguments: [
            (EvaluationError.noRows(source: "math"), ["math", "outcomes"]),
            (.unknownPrompt(source: "math", promptID: "q7"), ["math", "q7", "pass the prompts file"]),
            (
                .repeatedRow(source: "math", policy: Policy(id: "a", version: 3), promptID: "q7"),
                ["a@3", "q7", "merge"]
            ),
            (.optionOutOfRange(name: "seeds", value: 0, range: "1…1000"), ["seeds is 0", "1…1000"]),
            (.headName(""), ["no head"]), (.headName("knn10"), ["knn10", "NAME=FILE"]),
            (.embeddingColumns(512, columns: 420), ["512", "420", "knn10"]),
            (.model(source: "math", .kernel("out of memory")), ["math", "out of memory"]),
            (.metric(source: "math", "score 2"), ["math", "score 2"]),
        ])
    func messages(error: EvaluationError, parts: [String]) {
        for part in parts { #expect(error.description.contains(part), "\(part) in: \(error)") }
    }
}
