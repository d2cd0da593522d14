import Cluster
import Planning
import Scoring
import Testing
import Wire

/// Answers of even prompts have 10 tokens, those of odd prompts 200.
@Suite("Planner: plans with a limit of tokens")
struct PlannerTokenTests {
    private static func length(_ prompt: Int) -> Int { prompt % 2 == 0 ? 10 : 200 }

    private static func request(
        _ prompts: Int, step: Int, _ change: (inout RequestPlan) -> Void = { _ in }
    ) -> RequestPlan {
        var request = PlannerBench.request(prompts, step: step)
        request.totalTokens = 20_000
        change(&request)
        return request
    }

    /// A bench whose policy has reported four answers to each of so many prompts.
    private static func bench(reported: Int) -> PlannerBench {
        var bench = PlannerBench()
        bench.joinTrainer()
        let outcomes = PlannerBench.outcomes(0..<reported).enumerated().map { index, outcome in
            var outcome = outcome
            outcome.tokens = 4 * length(index)
            return outcome
        }
        bench.receive(
            .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", outcomes: outcomes)), from: PlannerBench.trainer)
        return bench
    }

    @Test("lengths are learnt from reports; budgets cost no more tokens than the limit, and short answers get more")
    func learnt() throws {
        var bench = Self.bench(reported: 40)
        bench.receive(.requestPlan(Self.request(40, step: 2) { $0.total = 0 }), from: PlannerBench.trainer)
        let end = try #require(bench.end())
        let budgets = bench.budgets()
        #expect(end.status == .ok && end.totalTokens == 20_000 && budgets.count == 40)
        let expected = try #require(end.expectedTokens)
        #expect(expected <= 20_000 && expected > 15_000)
        #expect(abs(expected - budgets.reduce(0) { $0 + Double($1.n) * ($1.expectedTokens ?? 0) }) < 1e-6)
        #expect(try #require(end.expectedWaste) > 0 && end.expectedWaste ?? 0 < expected)
        let short = budgets.filter { $0.index % 2 == 0 }.reduce(0) { $0 + $1.n }
        let long = budgets.filter { $0.index % 2 == 1 }.reduce(0) { $0 + $1.n }
        #expect(short > long && end.utility > end.uniformUtility)
        #expect(budgets.allSatisfy { ($0.expectedTokens ?? 0 < 100) == ($0.index % 2 == 0) })
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }

    @Test("a total beside the limit of tokens bounds the rollouts too")
    func both() throws {
        var bench = Self.bench(reported: 40)
        bench.receive(.requestPlan(Self.request(40, step: 2) { $0.total = 200 }), from: PlannerBench.trainer)
        let end = try #require(bench.end())
        #expect(end.total <= 200 && end.total + end.surplus == 200 && end.expectedTokens ?? .infinity <= 20_000)
    }

    @Test("a request may state the lengths, and caps of tokens; other plans state what they are expected to cost too")
    func stated() throws {
        var bench = Self.bench(reported: 0)
        let stated = Self.request(10, step: 1) { request in
            request.total = 0
            for index in request.candidates.indices {
                request.candidates[index].expectedTokens = 50
                request.candidates[index].tokensMax = index == 3 ? 300 : nil
            }
        }
        bench.receive(.requestPlan(stated), from: PlannerBench.trainer)
        #expect(bench.end()?.expectedTokens ?? .infinity <= 20_000)
        #expect(bench.budgets().first { $0.index == 3 }?.n ?? .max <= 6)
        var other = Self.bench(reported: 10)
        other.receive(.requestPlan(PlannerBench.request(10, step: 3)), from: PlannerBench.trainer)
        #expect(other.end()?.total == 80 && other.end()?.expectedTokens != nil && other.end()?.totalTokens == nil)
    }

    @Test("without any length the total is the limit, with a warning; without a total either, the request is refused")
    func unknown() {
        var bench = Self.bench(reported: 0)
        bench.receive(.requestPlan(Self.request(10, step: 1)), from: PlannerBench.trainer)
        #expect(bench.end()?.total == 80 && bench.end()?.expectedTokens == nil)
        #expect(bench.end()?.warnings.contains { $0.contains("no length of an answer is known yet") } == true)
        bench.receive(.requestPlan(Self.request(10, step: 2) { $0.total = 0 }), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .invalid)
        let refused: [(String, (inout RequestPlan) -> Void)] = [
            ("explore and total_tokens", { $0.explore = 0.1 }), ("tokens are less than", { $0.totalTokens = 100 }),
        ]
        for (message, change) in refused {
            var known = Self.bench(reported: 10)
            known.receive(
                .requestPlan(
                    Self.request(10, step: 3) {
                        $0.total = 0
                        change(&$0)
                    }), from: PlannerBench.trainer)
            #expect(known.refusal()?.reason == .invalid)
            #expect(known.refusal()?.message.contains(message) == true, "\(known.refusal()?.message ?? "")")
        }
    }

    @Test("at the deadline, even budgets cost no more tokens than the limit")
    func deadline() throws {
        var bench = Self.bench(reported: 40)
        bench.isWorking = false
        bench.receive(.requestPlan(Self.request(40, step: 2) { $0.total = 0 }), from: PlannerBench.trainer)
        bench.wait(.seconds(3))
        let end = try #require(bench.end())
        #expect(end.status == .fallback && end.expectedTokens ?? .infinity <= 20_000)
        let numbers = Set(bench.budgets().map(\.n))
        #expect(numbers.count <= 2 && (numbers.max() ?? 0) - (numbers.min() ?? 0) <= 1)
        #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
    }
}
