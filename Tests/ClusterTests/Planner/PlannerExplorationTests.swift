import Cluster
import Planning
import Scoring
import Testing
import Wire

@Suite("Planner: exploration over the steps of a run")
struct PlannerExplorationTests {
    /// Prompts of even number are predicted in between, those of odd number solved.
    private static func bench() -> PlannerBench {
        var bench = PlannerBench()
        bench.table = { text in
            let number = text.split(separator: " ").compactMap { Int($0) }.first ?? text.utf8.count
            return number % 2 == 0 ? (0.3, 8) : (0.99, 400)
        }
        bench.joinTrainer()
        return bench
    }

    private static func request(
        _ numbers: [Int], step: Int, explore: Double, revisitAfter: Int = 0
    ) -> RequestPlan {
        var request = RequestPlan(
            plan: PlanName(policyID: "p", step: step), total: 8 * numbers.count,
            candidates: numbers.map { PlanCandidate(promptID: "q\($0)", text: "prompt \($0) of all") })
        (request.minimum, request.maximum) = (0, 32)
        request.explore = explore
        request.revisitAfter = revisitAfter
        return request
    }

    @Test("the share of steps without a prompt to explore is spent by later ones")
    func saved() throws {
        var bench = Self.bench()
        var (explored, total) = (0, 0)
        for step in 0..<12 {
            // Every fourth step has solved prompts, in other steps there is nothing to explore.
            let numbers = step % 4 == 3 ? Array(0..<40) : Array(stride(from: 0, to: 80, by: 2))
            bench.receive(.requestPlan(Self.request(numbers, step: step, explore: 0.05)), from: PlannerBench.trainer)
            let end = try #require(bench.end())
            #expect(end.total == 320)
            explored += end.explored
            total += end.total
            let left = 0.05 * Double(total) - Double(explored)
            #expect(abs(end.exploreSaved - left) < 1e-6, "step \(step): \(end.exploreSaved), \(left) are left")
            #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
        }
        #expect(abs(Double(explored) - 0.05 * Double(total)) <= 8, "\(explored) of \(total)")
    }

    @Test("a prompt that is always skipped is visited when it has waited; without `revisit_after` it never is")
    func visits() throws {
        for revisitAfter in [0, 3] {
            var bench = Self.bench()
            var visited: [Int: [Int]] = [:]
            for step in 0..<12 {
                let request = Self.request(
                    Array(0..<40), step: step, explore: revisitAfter == 0 ? 0 : 0.05, revisitAfter: revisitAfter)
                bench.receive(.requestPlan(request), from: PlannerBench.trainer)
                let end = try #require(bench.end())
                #expect(end.total == 320)
                var explored = 0
                var budgets: [Int: PlannedBudget] = [:]
                for budget in bench.budgets() { budgets[budget.index] = budget }
                for budget in budgets.values where budget.n > 0 {
                    visited[budget.index, default: []].append(step)
                    if budget.source == "explore" { explored += budget.n }
                    if budget.reason == "revisit" { #expect(budget.n == 2 && step >= revisitAfter) }
                }
                #expect(end.explored == explored)
                #expect(bench.restarted().machines.planner.isDurablyEqual(to: bench.machines.planner))
            }
            let solved = stride(from: 1, to: 40, by: 2)
            if revisitAfter == 0 {
                #expect(solved.allSatisfy { visited[$0] == nil })
            } else {
                // 16 rollouts a step for 20 prompts: each has its turn within three steps after it is due.
                for prompt in solved {
                    let steps = try #require(visited[prompt], "prompt \(prompt) was never visited")
                    for (earlier, later) in zip([-1] + steps, steps) { #expect(later - earlier <= revisitAfter + 4) }
                }
            }
        }
    }

    @Test("a restart in the middle goes on with the same budget and the same waits")
    func restart() throws {
        var bench = Self.bench()
        for step in 0..<3 {
            bench.receive(
                .requestPlan(Self.request(Array(0..<40), step: step, explore: 0.03, revisitAfter: 2)),
                from: PlannerBench.trainer)
        }
        var other = bench.restarted()
        other.joinTrainer()
        for step in 3..<6 {
            let request = Self.request(Array(0..<40), step: step, explore: 0.03, revisitAfter: 2)
            bench.receive(.requestPlan(request), from: PlannerBench.trainer)
            other.receive(.requestPlan(request), from: PlannerBench.trainer)
            #expect(bench.budgets() == other.budgets() && bench.end() == other.end())
            #expect(bench.budgets().contains { $0.reason == "revisit" })
        }
    }

    @Test("visits need a share that pays for them")
    func refused() {
        var bench = Self.bench()
        bench.receive(
            .requestPlan(Self.request([0, 1, 2], step: 1, explore: 0, revisitAfter: 2)), from: PlannerBench.trainer)
        #expect(bench.refusal()?.reason == .invalid)
        #expect(bench.refusal()?.message.contains("revisit_after") == true)
    }

    @Test("an answer says what a tenth more of the total would be worth")
    func advice() throws {
        var bench = Self.bench()
        bench.receive(.requestPlan(Self.request(Array(0..<40), step: 0, explore: 0)), from: PlannerBench.trainer)
        let end = try #require(bench.end())
        #expect(end.adviceTotal == 352 && end.adviceUtility ?? 0 > end.utility)
        var larger = Self.request(Array(0..<40), step: 1, explore: 0)
        larger.total = 352
        bench.receive(.requestPlan(larger), from: PlannerBench.trainer)
        let utility = try #require(bench.end()).utility
        #expect(abs(try #require(end.adviceUtility) - utility) < 0.02 * utility)
    }
}
