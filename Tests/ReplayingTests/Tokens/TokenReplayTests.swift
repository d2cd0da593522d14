import Planning
import Replaying
import Scoring
import Testing

@Suite("Replays of plans by tokens")
struct TokenReplayTests {
    /// Answers of odd prompts are ten times as long; all prompts are alike otherwise.
    private static func log(lengths: Bool = true, versions: [Int] = [0, 1, 2, 3, 4]) throws -> ReplayLog {
        var rows: [ReplayLog.Row] = []
        for version in versions {
            for prompt in 0..<40 {
                guard let outcome = Outcome(k: prompt % 5, n: 8) else { continue }
                rows.append(
                    .init(
                        policy: Policy(id: "llm", version: version), prompt: prompt, outcome: outcome,
                        responseTokens: lengths ? (prompt % 2 == 0 ? 10 : 100) : nil))
            }
        }
        return try ReplayLog(name: "run", prompts: SampleLogs.prompts(40), rows: rows)
    }

    private static func report(_ log: ReplayLog) throws -> ReplayReport {
        try ReplayStudy(model: NumberModel { Float($0 % 5) / 8 }, options: SampleLogs.options()).run([log])
    }

    @Test("plans by tokens have more utility for no more tokens, from lengths that reports have shown")
    func gain() throws {
        let report = try Self.report(Self.log())
        let plans = try #require(report.sources.first?.tokenPlans)
        #expect(plans.map(\.lengths) == [.reported, .known])
        for plan in plans {
            #expect(plan.tokensOfTokenPlans <= plan.tokens && plan.tokensOfTokenPlans > 0.9 * plan.tokens)
            #expect(plan.gain.value > 0.2 && plan.tokenRollouts > plan.rollouts, "\(plan)")
            #expect(plan.gain.value > 2 * plan.gain.error, "\(plan.gain)")
            #expect(abs(plan.tokenUtility / plan.utility - 1 - plan.gain.value) < 1e-9)
        }
        #expect(ReplayTable(report).description.contains("plans by tokens against ours by rollouts"))
    }

    @Test("a log without lengths has no such comparison")
    func absent() throws {
        let report = try Self.report(Self.log(lengths: false))
        #expect(report.sources.first?.tokenPlans == nil)
        #expect(!ReplayTable(report).description.contains("plans by tokens"))
    }
}
