import Corpora
import Routing
import Testing

@Suite("Explanations of decisions")
struct DecisionExplanationTests {
    @Test("an explanation names the choice, the scores, the reasons against the others, and the attempts")
    func explains() throws {
        let candidates = [
            SampleRoutes.candidate(0, p: 0.5, cost: 0.5),
            SampleRoutes.candidate(1, p: 0.9, cost: 2, excluded: .coolingDown),
        ]
        let fleet = try Fleet(models: [FleetModel(name: "a", price: .flat(1)), FleetModel(name: "b", price: .flat(2))])
        let rule = RouteRule.weighted(0.7)
        var row = DecisionRow(
            id: "d-1", promptDigest: nil, inputTokens: 12, rule: rule, decision: rule.decide(candidates, fallback: 1),
            candidates: candidates, fleet: fleet)
        row.needs = [.images]
        row.client = "team"
        row.sentTo = "b"
        row.attempts = [
            .init(model: "a", result: "timeout", detail: "silent", ms: 12), .init(model: "b", result: "begun", ms: 30),
        ]
        let text = DecisionExplanation(row).lines.joined(separator: "\n")
        for part in [
            "d-1: a, because it has the best score under the rule",
            "rule weighted 0.7; about 12 tokens of prompt; needs images",
            "client team", "answered by b", "chosen", "it is cooling down after failures", "12 ms a: timeout (silent)",
            "30 ms b: begun",
        ] { #expect(text.contains(part), "\(part) is not in \(text)") }
        row.candidates = []
        #expect(DecisionExplanation(row).lines.contains("the request named its model; nothing was predicted"))
    }
}
