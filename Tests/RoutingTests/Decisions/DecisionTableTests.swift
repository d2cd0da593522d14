import Foundation
import Routing
import Testing

@Suite("Logged decisions")
struct DecisionTableTests {
    private func fleet() throws -> Fleet {
        try Fleet(models: [FleetModel(name: "a", price: .flat(0.5)), FleetModel(name: "b", price: .flat(2))])
    }

    private func row(_ p: [Float?], excluded: [RouteCandidate.Exclusion?] = [nil, nil], id: String = "1") throws
        -> DecisionRow
    {
        let candidates = [0, 1].map {
            SampleRoutes.candidate($0, p: p[$0], cost: [0.5, 2][$0], relative: [0.25, 1][$0], excluded: excluded[$0])
        }
        return DecisionRow(
            id: "d-\(id)", promptID: id, promptDigest: "00", inputTokens: 7, rule: .weighted(0.5),
            decision: RouteRule.weighted(0.5).decide(candidates, fallback: 1), candidates: candidates,
            fleet: try fleet())
    }

    private func lines(_ rows: [DecisionRow]) -> [Substring] {
        rows.map { Substring(String(decoding: $0.line(), as: UTF8.self)) }
    }

    @Test("a logged decision is read back unchanged, and decides the same")
    func roundTrip() throws {
        let rows = [try row([0.9, 0.95]), try row([0.1, 0.9], id: "2")]
        let table = try DecisionTable(lines: lines(rows), path: "log")
        #expect(table.rows == rows)
        #expect(table.rows.map(\.model) == ["a", "b"])
        #expect(table.decide(.weighted(0.5)).map(\.model) == [0, 1])
        #expect(table.decide(.target(0.93)).map { $0.reason } == [.cheapestReachingTarget, .belowTarget])
        let text = String(decoding: rows[0].line(), as: UTF8.self)
        for part in ["\"decision_id\":\"d-1\"", "\"p_lo\":", "\"relative_cost\":0.25", "\"reason\":\"best_score\""] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test("decisions without predictions are left out, and excluded candidates stay excluded")
    func leftOut() throws {
        let blind = try row([nil, nil], excluded: [.insufficientEvidence, .insufficientEvidence])
        let cooling = try row([0.9, 0.95], excluded: [.coolingDown, nil], id: "3")
        let table = try DecisionTable(lines: lines([blind, cooling]), path: "log")
        #expect(table.leftOut == 1)
        #expect(table.decide(.weighted(0)).map(\.model) == [1])
    }

    @Test("a table for sweeps has the fleet's unit of cost, and the rows for which every model has a reward")
    func table() throws {
        let rows = [try row([0.9, 0.95]), try row([0.1, 0.9], id: "2")]
        let decisions = try DecisionTable(lines: lines(rows), path: "log")
        let expected = try decisions.table()
        #expect((expected.prompts, expected.costUnit, expected.rewards) == (2, 2, nil))
        #expect(expected.cost == [0.5, 2, 0.5, 2])
        let realised = try decisions.table(rewards: ["1": ["a": 1, "b": 0], "2": ["a": 1]])
        #expect((realised.prompts, realised.rewards) == (1, [1, 0]))
        #expect(throws: RoutingError.self) { try decisions.table(rewards: [:]) }
    }

    @Test("an empty log, an invalid line and a line of another fleet are rejected with their place")
    func rejections() throws {
        #expect(throws: RoutingError.noDecisions(path: "log")) { try DecisionTable(lines: [], path: "log") }
        do {
            _ = try DecisionTable(lines: lines([try row([0.5, 0.5])]) + ["{}"], path: "log")
            Issue.record("was accepted")
        } catch RoutingError.badDecision(let path, let line, _) {
            #expect((path, line) == ("log", 2))
        }
        var other = try row([0.5, 0.5])
        other.candidates[1].model = "c"
        #expect(throws: RoutingError.foreignDecision(path: "log", line: 2, model: "c")) {
            try DecisionTable(lines: lines([try row([0.5, 0.5]), other]), path: "log")
        }
    }
}
