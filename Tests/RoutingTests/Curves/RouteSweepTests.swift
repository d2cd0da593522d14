import Routing
import Testing

@Suite("Sweeps and their metrics")
struct RouteSweepTests {
    @Test("a sweep of two models and four prompts agrees with hand-computed values")
    func byHand() throws {
        let sweep = try RouteSweep(SampleRoutes.table)
        // Rewards: cheap 1/4, large 3/4. For the rule the first prompt gains 0.8, the second 0.4, the others nothing.
        #expect(sweep.singles.map(\.quality) == [0.25, 0.75])
        #expect(sweep.singles.map(\.cost) == [0, 1])
        let first = try #require(sweep.curve.points.first)
        let last = try #require(sweep.curve.points.last)
        #expect((first.cost, first.quality) == (0, 0.25))
        #expect((last.cost, last.quality) == (0.5, 0.75), "the third is a tie and goes to the cheap one, as the fourth")
        let metrics = RouteMetrics(sweep)
        // 0.25 → 0.5 → 0.75 over the first half, level after: 0.25 · 0.375 + 0.25 · 0.625 + 0.5 · 0.75 = 0.625.
        #expect(abs(metrics.area - 0.625) < 1e-12)
        #expect(abs(metrics.areaRandom - 0.5) < 1e-12)
        // Only the cheap one can be paid for before the end of the axis.
        #expect(abs(metrics.areaBestSingle - 0.25) < 1e-12)
        #expect(abs(metrics.areaHull - 0.5) < 1e-12)
        #expect(metrics.areaOracle == metrics.area, "here the order of p is the order of the gains")
        #expect(metrics.oracleDistance == 0)
        #expect(metrics.oracleShare == 1)
        // (0.625 − 0.25) / 0.5; half of the gap at one prompt in four, four fifths at 0.4.
        #expect(abs(try #require(metrics.apgr) - 0.75) < 1e-12)
        #expect(abs(try #require(metrics.cpt50) - 0.25) < 1e-12)
        #expect(abs(try #require(metrics.cpt80) - 0.4) < 1e-12)
        #expect((metrics.peak, metrics.bestSingle, metrics.cheapest) == (0.75, 0.75, 0.25))
    }

    @Test("the hull omits a single model below the line of its neighbours, the staircase does not")
    func hull() throws {
        let table = RouteTable(
            models: ["a", "b", "c"], p: [0, 0, 0], cost: [0, 1, 2], rewards: [0, 0.2, 1], costUnit: 2)
        let sweep = try RouteSweep(table)
        #expect(try #require(sweep.singlesHull).points.map(\.cost) == [0, 2])
        // 0 over the first half, 0.2 over the second.
        #expect(abs(sweep.bestSingleArea - 0.1) < 1e-12)
        #expect(abs(try #require(sweep.singlesHull).area - 0.5) < 1e-12)
    }

    @Test("a single model chosen from earlier knowledge may be the wrong one")
    func known() throws {
        let table = RouteTable(
            models: ["a", "b", "c"], p: [0, 0, 0], cost: [0, 1, 2], rewards: [0.5, 0.2, 1], costUnit: 2)
        let sweep = try RouteSweep(table)
        // b looks best: 0.5 over the first half, 0.2 over the second; in hindsight a is kept.
        #expect(abs(sweep.bestSingleArea(knownBy: [0.3, 0.9, 0.8]) - 0.35) < 1e-12)
        #expect(abs(sweep.bestSingleArea - 0.5) < 1e-12)
    }

    @Test("if the expensive model is worse than the cheap one, staircase and hull are level")
    func badAndExpensive() throws {
        let table = RouteTable(models: ["good", "bad"], p: [0.9, 0.1], cost: [1, 2], rewards: [1, 0], costUnit: 2)
        let metrics = RouteMetrics(try RouteSweep(table))
        #expect(metrics.areaBestSingle == 1)
        #expect(metrics.areaHull == 1)
        #expect(metrics.area == 1)
        #expect(metrics.areaRandom == 0.5)
        #expect(metrics.apgr == nil, "there is no gap to recover")
    }

    @Test("a table's choices equal the rule's choices among candidates, for every setting", arguments: RouteSweep.betas)
    func sameAsRule(beta: Double) {
        let table = SampleRoutes.table
        let choices = table.choices(.weighted(beta))
        for prompt in 0..<table.prompts {
            let candidates = (0..<2).map {
                SampleRoutes.candidate($0, p: Float(table.p[prompt * 2 + $0]), cost: table.cost[prompt * 2 + $0])
            }
            #expect(RouteRule.weighted(beta).decide(candidates, fallback: 0).model == choices[prompt])
        }
    }

    @Test("without outcomes a sweep has expected quality and no oracle")
    func expected() throws {
        let table = RouteTable(models: ["a", "b"], p: [0.25, 0.75], cost: [0, 1], costUnit: 1)
        let sweep = try RouteSweep(table)
        #expect(sweep.singles.map(\.quality) == [0.25, 0.75])
        #expect(sweep.oracle == nil)
        #expect(RouteMetrics(sweep).oracleDistance == nil)
    }

    @Test("decisions use the expected cost, results the paid cost")
    func paid() {
        let table = RouteTable(
            models: ["a", "b"], p: [0.5, 0.6], cost: [0, 1], paid: [3, 4], rewards: [0, 1], costUnit: 1)
        let point = table.point(table.choices(.weighted(0.5)), label: "x")
        #expect((point.cost, point.quality) == (3, 0))
    }
}
