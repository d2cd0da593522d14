import Routing
import Testing

@Suite("Sessions stay with their model")
struct SessionTableTests {
    private let start = ContinuousClock.now

    private func candidates(_ exclusions: [RouteCandidate.Exclusion?]) -> [RouteCandidate] {
        exclusions.enumerated().map {
            RouteCandidate(
                model: $0.offset, prediction: nil, historyRows: 0, cost: 1, relativeCost: 1, exclusion: $0.element)
        }
    }

    private let byRule = RouteDecision(model: 0, reason: .bestScore, ranking: [0, 1])

    @Test("the next request of a session goes to the same model, and the others follow")
    func stays() {
        var table = SessionTable(SessionRules())
        table.used("s", model: 1, tokens: 100, now: start)
        let known = table.known("s", now: start + .seconds(10))
        #expect(known?.cachedTokens == 100)
        let decision = table.decide(byRule, known: known, candidates: candidates([nil, nil]))
        #expect(decision == RouteDecision(model: 1, reason: .session, ranking: [1, 0]))
        #expect(table.decide(byRule, known: nil, candidates: candidates([nil, nil])) == byRule)
    }

    @Test("a model that cannot be used, or a rule that decides each request, lets the session go")
    func leaves() {
        var table = SessionTable(SessionRules())
        table.used("s", model: 1, tokens: 100, now: start)
        let known = table.known("s", now: start)
        for exclusion in RouteCandidate.Exclusion.allCases where exclusion != .insufficientEvidence {
            #expect(table.decide(byRule, known: known, candidates: candidates([nil, exclusion])) == byRule)
        }
        var rules = SessionRules()
        rules.stays = false
        let free = SessionTable(rules)
        #expect(free.decide(byRule, known: known, candidates: candidates([nil, nil])) == byRule)
    }

    @Test("a prompt cache ends before the session does")
    func times() {
        var table = SessionTable(SessionRules())
        table.used("s", model: 1, tokens: 100, now: start)
        #expect(table.known("s", now: start + .seconds(301))?.cachedTokens == 0)
        #expect(table.known("s", now: start + .seconds(301))?.model == 1)
        #expect(table.known("s", now: start + .seconds(3601)) == nil)
    }

    @Test("the longest unused sessions are forgotten beyond the bound, and outdated ones by themselves")
    func bounded() {
        var table = SessionTable(SessionRules(), countMax: 3)
        for id in ["a", "b", "c"] { table.used(id, model: 0, tokens: 1, now: start) }
        table.used("a", model: 0, tokens: 1, now: start)
        table.used("d", model: 0, tokens: 1, now: start)
        #expect(table.known("b", now: start) == nil)
        #expect(table.known("a", now: start) != nil && table.count == 3)
        for number in 0..<1000 { table.used("\(number)", model: 0, tokens: 1, now: start) }
        #expect(table.count == 3)
        table.used("late", model: 0, tokens: 1, now: start + .seconds(4000))
        #expect(table.count == 1)
    }
}
