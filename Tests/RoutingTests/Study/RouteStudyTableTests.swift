import Routing
import Testing

@Suite("Tables of routing studies")
struct RouteStudyTableTests {
    @Test("a study has a line in each table, and figures that do not exist are a dash")
    func text() throws {
        var options = RouteStudy.Options()
        (options.historyRows, options.seeds, options.resamples) = (64, 1, 0)
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        let lines = RouteStudyTable([result]).description.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].split(separator: " ").prefix(4) == ["source", "models", "prompts", "area"])
        let figures = lines[1].split(separator: " ")
        #expect(figures.prefix(5) == ["sample", "2", "100", "0.8750", "0.7500"])
        // Neither an embedding nor cost-aware labels.
        #expect(figures[8] == "-" && figures[11] == "-")
        #expect(lines[2].hasPrefix("difference of areas: "))
        #expect(lines[4].split(separator: " ").prefix(2) == ["sample", "+0.1250"])
    }

    @Test("newcomers have a table of their own")
    func newcomers() throws {
        var options = RouteStudy.Options()
        (options.historyRows, options.seeds, options.resamples, options.newcomerRows) = (64, 2, 4, (8, 80))
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        let lines = RouteStudyTable([result]).description.split(separator: "\n")
        #expect(lines.count == 8 && lines[5].hasPrefix("a new model: "))
        #expect(lines[7].split(separator: " ").prefix(3) == ["sample", "8", "80"])
        #expect(lines[4].contains(" ± ") && lines[4].contains("[+"))
    }
}
