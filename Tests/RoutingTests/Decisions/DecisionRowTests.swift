import Foundation
import Routing
import Scoring
import Testing

@Suite("Rows of the decision log")
struct DecisionRowTests {
    private func row(_ candidates: [RouteCandidate], rule: RouteRule = .target(0.8)) throws -> DecisionRow {
        let fleet = try Fleet(
            models: [FleetModel(name: "a", price: .flat(0.5)), FleetModel(name: "b", price: .flat(2))])
        return DecisionRow(
            id: "d-1", promptDigest: nil, inputTokens: 12, rule: rule,
            decision: rule.decide(candidates, fallback: 1), candidates: candidates, fleet: fleet)
    }

    @Test("a row names rule, choice and cost, and a point estimate has no kappa")
    func content() throws {
        let certain = try #require(Prediction(p: 0.9, kappa: .infinity, pLo: 0.9, pHi: 0.9))
        let candidates = [
            SampleRoutes.candidate(0, p: 0.5, cost: 0.5),
            RouteCandidate(model: 1, prediction: certain, historyRows: 40, cost: 2, relativeCost: 1),
        ]
        let row = try row(candidates)
        #expect((row.rule, row.parameter, row.model, row.cost) == ("target", 0.8, "b", 2))
        #expect(row.reason == .cheapestReachingTarget && row.promptDigest == nil && row.sentTo == nil)
        #expect(row.candidates.map(\.kappa) == [8, nil] && row.candidates.map(\.rows) == [256, 40])
        #expect(row.asCandidates?[1].prediction?.kappa == .infinity)
    }

    @Test("without a choice there are neither model nor cost")
    func none() throws {
        let long = (0..<2).map { SampleRoutes.candidate($0, p: 0.5, cost: 1, excluded: .promptTooLong) }
        let row = try row(long)
        #expect(row.model == nil && row.cost == nil && row.reason == .promptTooLong)
        #expect(row.asCandidates?.allSatisfy { $0.exclusion == .promptTooLong } == true)
    }

    @Test("a row with numbers that no prediction or price has gives no candidates")
    func invalid() throws {
        let candidates = (0..<2).map { SampleRoutes.candidate($0, p: 0.5, cost: 1) }
        var row = try row(candidates)
        row.candidates[0].cost = -1
        #expect(row.asCandidates == nil)
        row = try self.row(candidates)
        row.candidates[1].p = 1.5
        #expect(row.asCandidates == nil)
    }

    @Test("a line is JSON with sorted keys and no line break")
    func line() throws {
        let line = try row((0..<2).map { SampleRoutes.candidate($0, p: 0.9, cost: 1) }).line()
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.hasPrefix("{\"candidates\":[{") && !text.contains("\n"))
        let root = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        #expect(
            Set(root.keys) == [
                "candidates", "cost", "decision_id", "input_tokens", "model", "parameter", "reason", "rule",
            ])
    }
}
