import Routing
import Scoring
import Testing

@Suite("Calibration of a rule to a cost or a quality")
struct RouteCalibrationTests {
    /// A thousand prompts in random order. The large model's gains are uniform on (0, 1).
    private let table: RouteTable = {
        var p: [Double] = []
        for prompt in 0..<1000 { p += [0, (Double(prompt * 7919 % 1000) + 0.5) / 1000] }
        return RouteTable(
            models: ["cheap", "large"], p: p, cost: (0..<2000).map { Double($0 % 2) }, costUnit: 1)
    }()

    /// The large model is certain of every prompt; the cheap one's probabilities are uniform on (0, 1).
    private let sure: RouteTable = {
        var p: [Double] = []
        for prompt in 0..<1000 { p += [(Double(prompt * 7919 % 1000) + 0.5) / 1000, 1] }
        return RouteTable(
            models: ["cheap", "large"], p: p, cost: (0..<2000).map { Double($0 % 2) }, costUnit: 1)
    }()

    @Test("the wanted cost share is reached within one prompt in a thousand", arguments: [0.05, 0.3, 0.5, 0.9])
    func share(wanted: Double) throws {
        for kind in RouteCalibration.Kind.allCases {
            let found = try RouteCalibration.find(.costShare(wanted), kind: kind, on: kind == .target ? sure : table)
            print("share \(wanted) by \(kind.rawValue): off by \(abs(found.costShare - wanted))")
            #expect(abs(found.costShare - wanted) <= 0.001)
            #expect(abs(try #require(found.shares["large"]) - wanted) <= 0.001)
        }
    }

    @Test("the β for half of the prompts is the one at which a gain of one half equals the price")
    func beta() throws {
        // β·gain = (1 − β)·1 at gain 0.5, so β = 2/3.
        let found = try RouteCalibration.find(.costShare(0.5), kind: .weighted, on: table)
        #expect(abs(found.parameter - 2.0 / 3) < 0.001)
    }

    @Test("the lowest cost with a quality is found, and an impossible quality is rejected with the possible range")
    func quality() throws {
        // Expected quality of the k best gains: at half of the prompts, mean of gains above 0.5 over all is 0.375.
        let found = try RouteCalibration.find(.quality(0.375), kind: .weighted, on: table)
        #expect(abs(found.costShare - 0.5) < 0.005)
        #expect(found.quality >= 0.375)
        #expect(throws: RoutingError.self) { try RouteCalibration.find(.quality(0.6), kind: .weighted, on: table) }
    }

    @Test("costs that no setting comes near are rejected")
    func outOfReach() {
        let steps = RouteTable(models: ["a", "b"], p: [0.1, 0.9], cost: [0, 1], costUnit: 1)
        #expect(throws: RoutingError.self) { try RouteCalibration.find(.costShare(0.5), kind: .weighted, on: steps) }
        let none = RouteTable(models: ["a", "b"], p: [], cost: [], costUnit: 1)
        #expect(throws: RoutingError.self) { try RouteCalibration.find(.costShare(0.5), kind: .weighted, on: none) }
    }
}
