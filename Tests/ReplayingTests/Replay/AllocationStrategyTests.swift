import Planning
import Replaying
import Scoring
import Testing

@Suite("Allocation strategies")
struct AllocationStrategyTests {
    private let means = [0.05, 0.3, 0.5, 0.9]
    private let request = BudgetRequest(total: 64, minimum: 4, maximum: 32)

    private func prompts(kappa: Double = 6) throws -> [ReplayPrompt] {
        try means.enumerated().map { index, mean in
            ReplayPrompt(
                promptID: "p\(index)", belief: try Belief(mean: mean, kappa: kappa, promptID: "p\(index)"),
                truth: .rate(1 - mean))
        }
    }

    /// Only our own plans doubt predictions.
    private func planned(
        _ request: BudgetRequest, _ beliefs: [Belief], source: BudgetSource = .record
    ) throws -> [Int] {
        try request.plan(
            beliefs.enumerated().map { BudgetCandidate(promptID: "p\($0)", belief: $1, source: source) }
        ).budgets.map(\.n)
    }

    @Test("each strategy plans with its own objective, solver and beliefs")
    func plans() throws {
        let replay = Replay(request: request)
        let prompts = try prompts()
        let beliefs = prompts.map(\.belief)
        var greedy = request
        greedy.solver = .greedy
        var knapsack = request
        knapsack.objective = .informationGain
        #expect(try replay.budgets(.uniform, prompts) == [16, 16, 16, 16])
        #expect(try replay.budgets(.greedy, prompts) == planned(greedy, beliefs.map(\.point)))
        #expect(try replay.budgets(.knapsack, prompts) == planned(knapsack, beliefs))
        #expect(try replay.budgets(.meanAlone, prompts) == planned(request, beliefs.map(\.point)))
        #expect(try replay.budgets(.ours, prompts) == planned(request, beliefs, source: .model))
        let truths = try means.map { try Belief(mean: 1 - $0, promptID: "p") }
        #expect(try replay.budgets(.oracle, prompts) == planned(request, truths))
    }

    @Test("the filter stops at the wanted number of groups with a signal, and pays for the others")
    func filter() throws {
        let certain = try (0..<6).map { index in
            ReplayPrompt(
                promptID: "c\(index)", belief: try Belief(mean: 0.5, promptID: "c"),
                truth: .record(successes: index < 3 ? 0 : 4, rollouts: 8))
        }
        var replay = Replay(request: BudgetRequest(total: 48, minimum: 4, maximum: 32))
        replay.groupsWanted = 2
        let groups = try replay.groups(.dapoFilter, on: certain)
        #expect(groups.map(\.promptID) == ["c0", "c1", "c2", "c3", "c4"])
        #expect(groups.map(\.hasSignal) == [false, false, false, true, true] && groups.allSatisfy { $0.n == 8 })
    }

    @Test("prompts without rollouts have no group, and the number of budgets is checked")
    func given() throws {
        let replay = Replay(request: request, seed: 4)
        let groups = try replay.groups(budgets: [0, 8, 0, 4], on: try prompts())
        #expect(groups.map(\.promptID) == ["p1", "p3"] && groups.map(\.n) == [8, 4])
        #expect(throws: PlanningError.countMismatch(what: "budgets", expected: 4, found: 1)) {
            try replay.groups(budgets: [8], on: prompts())
        }
    }

    @Test("larger budgets begin with the same rollouts")
    func sharedOutcomes() throws {
        let prompts = try prompts()
        for seed in UInt64(0)..<20 {
            let replay = Replay(request: request, seed: seed)
            let small = try replay.groups(budgets: [4, 4, 4, 4], on: prompts)
            let large = try replay.groups(budgets: [12, 12, 12, 12], on: prompts)
            for (few, many) in zip(small, large) {
                #expect(few.successes <= many.successes && many.successes <= few.successes + 8)
            }
        }
    }
}
