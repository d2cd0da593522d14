import Routing
import Scoring
import Testing

@Suite("Studies of routing")
struct RouteStudyTests {
    /// A model whose features are a text's kind and whose answer is the mean reward of that kind in the context.
    private final class KindModel: ValueModel {
        let fingerprint = ModelFingerprint(name: "kinds", digest: Digest(of: "kinds"))
        private(set) var embedded = 0

        struct Context: PreparedContext {
            let contextDigest: Digest
            let means: [Float]
        }

        func embed(_ texts: [String]) -> FeatureMatrix {
            embedded += texts.count
            let kinds = texts.map { Float($0.hasPrefix("hard") ? 1 : 0) }
            return FeatureMatrix(
                columns: 2, values: kinds.flatMap { [$0, 1 - $0] }, isTruncated: texts.map { _ in false })
        }

        func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
            let means = [Float(0), 1].map { kind in
                let rows = context.rows.indices.filter { features.row($0).first == kind }
                let sum = rows.reduce(0) { $0 + context.rows[$1].outcome.reward }
                return rows.isEmpty ? Float(0.5) : Float(sum / Double(rows.count))
            }
            return Context(contextDigest: context.digest, means: means)
        }

        func predict(
            _ queries: FeatureMatrix, in context: any PreparedContext
        ) throws(ValueModelError) -> [Prediction] {
            guard let context = context as? Context else { throw .foreignContext(context.contextDigest) }
            var predictions: [Prediction] = []
            for row in 0..<queries.rows {
                let p = context.means[Int(queries.row(row).first ?? 0)]
                guard let prediction = Prediction(p: p, kappa: 8, pLo: p, pHi: p) else {
                    throw .notFinite(stage: "kinds", row: row)
                }
                predictions.append(prediction)
            }
            return predictions
        }
    }

    /// Half of the prompts are hard. The cheap model is right on the easy ones only, the dear one on all.
    private func source(prompts: Int = 200, roles: Bool = true) -> RouteSource {
        let texts = (0..<prompts).map { "\($0 % 2 == 1 ? "hard" : "easy") prompt \($0)" }
        func rows(_ reward: (Int) -> Double) -> [RouteSource.Row] {
            (0..<prompts).compactMap { prompt in
                Outcome(reward: reward(prompt)).map {
                    RouteSource.Row(prompt: prompt, outcome: $0, isHistory: roles ? prompt < prompts / 2 : nil)
                }
            }
        }
        return RouteSource(
            name: "made", prompts: texts,
            models: [
                .init(name: "cheap", cost: texts.map { _ in 0 }, rows: rows { $0 % 2 == 1 ? 0 : 1 }),
                .init(name: "dear", cost: texts.map { _ in 1 }, rows: rows { _ in 1 }),
            ], costUnit: 1)
    }

    private var options: RouteStudy.Options {
        var options = RouteStudy.Options()
        options.historyRows = 64
        options.seeds = 3
        options.resamples = 20
        options.embeddingColumns = 2
        return options
    }

    @Test("where kinds tell all, routing is the oracle: everything right at half of the dear model's cost")
    func perfect() throws {
        let result = try RouteStudy(model: KindModel(), options: options).study(source())
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

    @Test("the same source gives the same study, and without roles no prompt is on both sides")
    func repeated() throws {
        let first = try RouteStudy(model: KindModel(), options: options).study(source(roles: false))
        let second = try RouteStudy(model: KindModel(), options: options).study(source(roles: false))
        #expect(first.seeds.map(\.router) == second.seeds.map(\.router))
        #expect((70...130).contains(first.prompts), "the seed halves 200 prompts: \(first.prompts)")
    }

    @Test("a newcomer is compared with itself grown old, and with a fleet that never chooses it")
    func newcomers() throws {
        var options = options
        options.newcomerRows = (8, 80)
        let result = try RouteStudy(model: KindModel(), options: options).study(source())
        let newcomers = try #require(result.seeds.first?.newcomers)
        #expect(newcomers.map(\.model) == ["cheap", "dear"])
        #expect(newcomers.map(\.rowsMany) == [80, 80])
        let dear = newcomers[1]
        #expect(abs(dear.areaWithout - 0.5) < 1e-9, "without the dear one only the cheap one is left")
        #expect(dear.area > dear.areaWithout)
        #expect(dear.regret == dear.areaMany - dear.area)
    }

    @Test("cost-aware labels are swept where they are asked for")
    func costAware() throws {
        var options = options
        options.withCostAwareLabels = true
        let result = try RouteStudy(model: KindModel(), options: options).study(source())
        for seed in result.seeds { #expect(abs(try #require(seed.costAwareArea) - 0.875) < 1e-6) }
    }

    @Test("sources that cannot be studied are refused")
    func refused() {
        let whole = source()
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

    @Test("an interval is Student's, and none for one value")
    func interval() throws {
        // Mean 2, variance 1, √(1/3), t = 4.303.
        let three = try #require(Interval([1, 2, 3]))
        #expect(three.mean == 2)
        #expect(abs(try #require(three.half) - 4.303 / 3.0.squareRoot()) < 1e-12)
        #expect(Interval([1])?.half == nil)
        #expect(Interval([]) == nil)
    }

    @Test("a plot draws every line and names every model, and its text is safe")
    func plot() throws {
        let result = try RouteStudy(model: KindModel(), options: options).study(source())
        let svg = CurvePlot(title: "a < b & c", curves: result.curves).svg
        #expect(svg.contains("a &lt; b &amp; c"))
        for name in ["value model", "10 nearest neighbours", "random", "oracle", "1 cheap", "2 dear"] {
            #expect(svg.contains(name), "\(name)")
        }
        #expect(svg.ranges(of: "<polyline").count == 4)
        #expect(svg.firstMatch(of: /[",\s]-?(nan|inf)[",\s]/) == nil)
    }
}
