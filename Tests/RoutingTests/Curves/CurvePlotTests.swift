import Routing
import Testing

@Suite("Plots of quality against cost")
struct CurvePlotTests {
    private func curves(cost: [Double], names: [String] = ["cheap", "large"]) throws -> RouteStudyCurves {
        RouteStudyCurves(
            try RouteSweep(
                RouteTable(
                    models: names, p: [0.1, 0.9, 0.5, 0.9], cost: cost + cost, rewards: [0, 1, 0, 1],
                    costUnit: cost.max() ?? 1)))
    }

    @Test("the document has title, axes, a curve for each way of routing, and a numbered point for each model")
    func document() throws {
        let lines = CurvePlot(title: "a \"b\"", curves: try curves(cost: [0, 1])).svg.split(separator: "\n")
        #expect(
            lines.prefix(4) == [
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"840\" height=\"460\" font-family=\"sans-serif\""
                    + " font-size=\"12\">",
                "<rect width=\"840\" height=\"460\" fill=\"white\"/>",
                "<text x=\"64.0\" y=\"24\" font-size=\"15\">a &quot;b&quot;</text>",
                "<line x1=\"64.0\" x2=\"624.0\" y1=\"400.0\" y2=\"400.0\" stroke=\"#dddddd\"/>",
            ])
        #expect(lines.last == "</svg>")
        #expect(lines.count { $0.hasPrefix("<polyline ") } == 3)
        #expect(lines.count { $0.contains("stroke-dasharray=\"5 4\"") } == 2, "the random mixture and its legend")
        #expect(lines.count { $0.hasPrefix("<circle ") } == 2)
        #expect(lines.contains { $0.hasSuffix(">dollars per thousand prompts</text>") })
    }

    @Test("the cost axis is logarithmic where prices differ by more than a factor of five")
    func logarithmic() throws {
        #expect(try CurvePlot(title: "t", curves: curves(cost: [1, 6])).svg.contains("prompts (logarithmic)<"))
        #expect(try !CurvePlot(title: "t", curves: curves(cost: [1, 5])).svg.contains("(logarithmic)"))
    }

    @Test("long names of models are cut in the legend")
    func longNames() throws {
        let names = [String(repeating: "m", count: 30), "b"]
        let svg = CurvePlot(title: "t", curves: try curves(cost: [0, 1], names: names)).svg
        #expect(svg.contains(">1 \(String(repeating: "m", count: 21))…</text>") && svg.contains(">2 b</text>"))
    }
}
