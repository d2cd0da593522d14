import Routing
import Testing

@Suite("Curves of quality against cost")
struct RouteCurveTests {
    private func point(_ cost: Double, _ quality: Double) -> RoutePoint {
        RoutePoint(label: "x", parameter: nil, cost: cost, quality: quality, shares: [])
    }

    @Test("the area under straight lines is exact, and the curve is level beyond the last setting")
    func area() throws {
        // From 0.4 to 0.8 over the first half, then level: 0.5 · 0.6 + 0.5 · 0.8 = 0.7.
        let curve = try #require(RouteCurve([point(2, 0.8), point(1, 0.4)], axis: 1...3))
        #expect(abs(curve.area - 0.7) < 1e-12)
        #expect(abs(curve.quality(at: 0.25) - 0.6) < 1e-12)
        #expect(curve.quality(at: 0.9) == 0.8)
        #expect(curve.place(of: 2) == 0.5)
    }

    @Test("settings of one cost form a step, and lines from outside the axis count where they cross it")
    func steps() throws {
        // A step from 0.2 to 0.6 at the middle: 0.5 · 0.2 + 0.5 · 0.6 = 0.4.
        let step = try #require(
            RouteCurve([point(0, 0.2), point(0.5, 0.2), point(0.5, 0.6), point(1, 0.6)], axis: 0...1))
        #expect(abs(step.area - 0.4) < 1e-12)
        // From 0 at −1 to 1 at 1: 0.5 at the axis' beginning, so 0.75.
        let outside = try #require(RouteCurve([point(-1, 0), point(1, 1)], axis: 0...1))
        #expect(abs(outside.area - 0.75) < 1e-12)
    }

    @Test("the lowest cost that reaches a quality is on the line between settings; an unreached quality has none")
    func reaching() throws {
        let curve = try #require(RouteCurve([point(0, 0.2), point(1, 0.6)], axis: 0...1))
        #expect(abs(try #require(curve.place(reaching: 0.3)) - 0.25) < 1e-12)
        #expect(curve.place(reaching: 0.1) == 0)
        #expect(curve.place(reaching: 0.7) == nil)
    }

    @Test("a fleet of one price has no axis")
    func noAxis() {
        #expect(RouteCurve.axis(of: [point(1, 0.2), point(1, 0.6)]) == nil)
        #expect(RouteCurve([point(0, 0.2)], axis: 1...1) == nil)
        #expect(throws: RoutingError.nothingToTrade(models: 2)) {
            try RouteSweep(
                RouteTable(models: ["a", "b"], p: [0.1, 0.2], cost: [1, 1], rewards: [0, 1], costUnit: 1))
        }
    }
}
