import Routing
import Scoring
import Testing

@Suite("Studies of routing")
struct RouteStudyTests {
    private var options: RouteStudy.Options {
        var options = RouteStudy.Options()
        options.historyRows = 64
        options.seeds = 3
        options.resamples = 20
        options.embeddingColumns = 2
        return options
    }

    @Test(
        "where the kind determines the reward, routing equals the oracle: all correct at half of the large model's cost"
    )
    func perfect() throws {
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        #expect(result.prompts == 100)
        for seed in result.seeds {
            // 0.5 → 1 over the first half, level after: 0.375 + 0.5.
            #expect(abs(seed.router.area - 0.875) < 1e-9)
            #expect(seed.router.areaOracle == seed.router.area)
            #expect(abs(seed.router.areaRandom - 0.75) < 1e-9)
            #expect(seed.router.areaBestSingle == 0.5)
            #expect(try #require(seed.router.cpt50) < 0.26)
            #expect(seed.ece < 1e-9)
            #expect(seed.targetArea >= seed.router.area - 1e-9)
        }
        #expect(abs(result.differences.random.seeds.mean - 0.125) < 1e-9)
        #expect(result.differences.random.seeds.half == 0)
        let neighbours = try #require(result.differences.neighbours)
        #expect(neighbours.seeds.mean >= -1e-9)
        let (low, high) = (try #require(neighbours.promptsLow), try #require(neighbours.promptsHigh))
        #expect(low <= high)
    }

    @Test("the same source gives the same study, and without roles the seed splits the prompts")
    func repeated() throws {
        let first = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds(roles: false))
        let second = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds(roles: false))
        #expect(first.seeds.map(\.router) == second.seeds.map(\.router))
        #expect((70...130).contains(first.prompts), "the seed halves 200 prompts: \(first.prompts)")
    }

    @Test("a newcomer is compared with itself at many rows, and with a fleet that never chooses it")
    func newcomers() throws {
        var options = options
        options.newcomerRows = (8, 80)
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        let newcomers = try #require(result.seeds.first?.newcomers)
        #expect(newcomers.map(\.model) == ["cheap", "large"])
        #expect(newcomers.map(\.rowsMany) == [80, 80])
        let large = newcomers[1]
        #expect(abs(large.areaWithout - 0.5) < 1e-9, "without the large model only the cheap one is left")
        #expect(large.area > large.areaWithout)
        #expect(large.regret == large.areaMany - large.area)
    }

    @Test("cost-aware labels are swept if requested")
    func costAware() throws {
        var options = options
        options.withCostAwareLabels = true
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        for seed in result.seeds { #expect(abs(try #require(seed.costAwareArea) - 0.875) < 1e-6) }
    }

    @Test("sources that cannot be studied are rejected")
    func rejections() {
        let whole = SampleRoutes.kinds()
        let single = RouteSource(name: "one", prompts: whole.prompts, models: [whole.models[0]], costUnit: 1)
        #expect(throws: RoutingError.nothingToTrade(models: 1)) {
            try RouteStudy(model: KindModel(), options: options).study(single)
        }
        let historyOnly = RouteSource(
            name: "none", prompts: whole.prompts,
            models: whole.models.map { model in
                .init(
                    name: model.name, cost: model.cost,
                    rows: model.rows.map { .init(prompt: $0.prompt, outcome: $0.outcome, isHistory: true) })
            }, costUnit: 1)
        #expect(throws: RoutingError.noDecisions(path: "none")) {
            try RouteStudy(model: KindModel(), options: options).study(historyOnly)
        }
    }

    @Test("an interval is Student's; one value has none")
    func interval() throws {
        // Mean 2, variance 1, √(1/3), t = 4.303.
        let three = try #require(Interval([1, 2, 3]))
        #expect(three.mean == 2)
        #expect(abs(try #require(three.half) - 4.303 / 3.0.squareRoot()) < 1e-12)
        #expect(Interval([1])?.half == nil)
        #expect(Interval([]) == nil)
    }

    @Test("a plot has every line and every model, and its text is escaped")
    func plot() throws {
        let result = try RouteStudy(model: KindModel(), options: options).study(SampleRoutes.kinds())
        let svg = CurvePlot(title: "a < b & c", curves: result.curves).svg
        #expect(svg.contains("a &lt; b &amp; c"))
        for name in ["value model", "10 nearest neighbours", "random", "oracle", "1 cheap", "2 large"] {
            #expect(svg.contains(name), "\(name)")
        }
        #expect(svg.ranges(of: "<polyline").count == 4)
        #expect(svg.firstMatch(of: /[",\s]-?(nan|inf)[",\s]/) == nil)
    }
}
