import Planning
import Replaying
import Scoring
import Testing

@Suite("Replay logs and visits")
struct ReplayLogTests {
    @Test("rows are sorted by policy, version and prompt id")
    func order() throws {
        let prompts = ["b", "a"].map { Prompt(id: $0, text: "text \($0)") }
        let outcome = try #require(Outcome(k: 1, n: 2))
        let rows = [("y", 1, 0), ("x", 2, 0), ("x", 2, 1), ("x", 1, 0)].map { id, version, prompt in
            ReplayLog.Row(policy: Policy(id: id, version: version), prompt: prompt, outcome: outcome)
        }
        let log = try ReplayLog(name: "order", prompts: prompts, rows: rows)
        #expect(log.rows.map { "\($0.policy) \(prompts[$0.prompt].id)" } == ["x@1 b", "x@2 a", "x@2 b", "y@1 b"])
    }

    @Test("a visit of fractional rewards has a rate as its truth, because its rollouts cannot be drawn")
    func fractional() throws {
        let outcome = try #require(Outcome(reward: 0.3, n: 4))
        let rows = SampleLogs.prompts(4).indices.flatMap { prompt in
            [1, 2, 3].map { version in
                ReplayLog.Row(policy: Policy(id: "llm", version: version), prompt: prompt, outcome: outcome)
            }
        }
        let log = try ReplayLog(name: "fractions", prompts: SampleLogs.prompts(4), rows: rows)
        let schedule = try ReplaySchedule(log, options: SampleLogs.options { ($0.mode, $0.truth) = (.steps, .urn) })
        let visit = try #require(schedule.visits.first)
        #expect(visit.successes == nil && visit.rollouts == 8)
        #expect(abs(visit.truth.rate - 0.3) < 1e-12)
        #expect(visit.truth == .rate(visit.rate))
    }

    @Test("kinds of visits have names, and all visits come first and held-out prompts last")
    func strata() {
        let kinds = [
            ReplayStratum(visit: 3, isHeldOut: true), ReplayStratum(visit: nil, isHeldOut: true),
            ReplayStratum(visit: 2, isHeldOut: false), ReplayStratum(visit: nil, isHeldOut: false),
            ReplayStratum(visit: 1, isHeldOut: false),
        ]
        #expect(
            kinds.sorted().map(\.name) == [
                "all visits", "first visit", "second visit", "all visits, held-out prompts",
                "third visit on, held-out prompts",
            ])
    }
}
