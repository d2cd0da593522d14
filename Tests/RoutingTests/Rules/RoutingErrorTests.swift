import Routing
import Scoring
import Testing

@Suite("Routing errors")
struct RoutingErrorTests {
    @Test(
        "a message has the values, the place and what to do",
        arguments: [
            (RoutingError.emptyFleet, ["no models", "`models`"]), (.duplicateModel("a"), ["\"a\"", "its own name"]),
            (.unknownModel("b", role: "default", known: ["a", "c"]), ["default \"b\"", "a, c"]),
            (.badYAML(path: "f.yaml", reason: "line 3"), ["f.yaml", "not valid YAML", "line 3"]),
            (.badFleet(path: "f.yaml", line: 7, key: "rule", problem: "expected a number"), ["f.yaml:7: rule: "]),
            (.noDecisions(path: "log"), ["log", "route decide"]),
            (.badDecision(path: "log", line: 2, reason: "no model"), ["log:2", "no model"]),
            (.foreignDecision(path: "log", line: 2, model: "c"), ["log:2", "\"c\"", "fleet file"]),
            (.nothingToTrade(models: 1), ["1 models", "different prices"]),
            (.outOfReach(what: "a quality", wanted: 0.9, least: 0.2, most: 0.7), ["a quality of 0.9", "0.2 to 0.7"]),
            (.model(source: "math", .kernel("no memory")), ["math: ", "no memory"]),
            (.metric(source: "math", "score 2"), ["math: score 2"]),
        ])
    func messages(error: RoutingError, parts: [String]) {
        for part in parts { #expect(error.description.contains(part), "\(part) in: \(error)") }
    }
}
