import Routing
import Testing

@Suite("Fleets")
struct FleetTests {
    private func fleet(_ change: (inout FleetModel) -> Void = { _ in }) throws -> Fleet {
        var cheap = FleetModel(name: "cheap", price: .perMillionTokens(input: 1, output: 2))
        change(&cheap)
        return try Fleet(
            models: [cheap, FleetModel(name: "large", price: .perMillionTokens(input: 10, output: 20))],
            fallbacks: ["cheap"])
    }

    @Test("the default is the most expensive model, and models are found by name")
    func names() throws {
        let fleet = try fleet()
        #expect(fleet.defaultModel.name == "large" && fleet.fallbacks == [0])
        #expect(fleet.index(of: "cheap") == 0 && fleet.index(of: "other") == nil)
        #expect(fleet.evidenceRows == Fleet.evidenceRowsDefault && fleet.historyRows == 256)
        #expect(fleet.rule == .weighted(0.7) && fleet.deadline == .seconds(120))
    }

    @Test("the expected answer has the model's length, or the reference's, and at most what the request allows")
    func outputTokens() throws {
        let fleet = try fleet { $0.outputTokens = 80 }
        #expect(fleet.expectedOutputTokens(of: 0) == 80 && fleet.expectedOutputTokens(of: 1) == 500)
        #expect(
            fleet.expectedOutputTokens(of: 0, atMost: 50) == 50 && fleet.expectedOutputTokens(of: 0, atMost: 90) == 80)
    }

    @Test("relative cost is 1 for the most expensive model at the reference request")
    func relativeCost() throws {
        let fleet = try fleet()
        // 500 tokens in and out: (10 + 20) · 500 dollars per million.
        #expect(abs(fleet.costUnit - 0.015) < 1e-15)
        let cost = fleet.expectedCost(of: 1, inputTokens: 500)
        #expect(fleet.relativeCost(cost) == 1)
        #expect(abs(fleet.relativeCost(fleet.expectedCost(of: 0, inputTokens: 500)) - 0.1) < 1e-12)
        #expect(fleet.relativeCost(fleet.expectedCost(of: 1, inputTokens: 5000)) > 1)
    }

    @Test("unknown fallbacks and defaults, repeated names and empty fleets are rejected")
    func rejections() {
        let models = [FleetModel(name: "a", price: .flat(1))]
        #expect(throws: RoutingError.unknownModel("b", role: "fallback", known: ["a"])) {
            try Fleet(models: models, fallbacks: ["b"])
        }
        #expect(throws: RoutingError.unknownModel("b", role: "default", known: ["a"])) {
            try Fleet(models: models, defaultModel: "b")
        }
        #expect(throws: RoutingError.duplicateModel("a")) { try Fleet(models: models + models) }
        #expect(throws: RoutingError.emptyFleet) { try Fleet(models: []) }
    }

    @Test("the policy of a model's history is its own name unless another is given")
    func policy() {
        var model = FleetModel(name: "a", price: .flat(0))
        #expect(model.policy == "a")
        model.history.policy = "b@3"
        #expect(model.policy == "b@3")
    }
}
