import Planning
import Scoring
import Testing

@Suite("Exploration")
struct ExplorationTests {
    /// A third hopeless, a sixth solved, the rest in between.
    static func candidates(_ count: Int, seed: UInt64) throws -> [BudgetCandidate] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { index in
            let u = generator.unit()
            let mean = u < 0.33 ? u / 20 : u > 0.84 ? 1 - (1 - u) / 20 : 0.1 + 0.8 * generator.unit()
            let id = "p\(index)"
            return BudgetCandidate(promptID: id, belief: try Belief(mean: mean, kappa: 40, promptID: id))
        }
    }

    static func isUnlikely(_ budget: BudgetPlan.Budget) -> Bool {
        budget.p.map { $0 < 0.05 || $0 > 0.95 } ?? false
    }

    @Test("hopeless and solved prompts together get their share, and explored ones are marked, over 300 seeds")
    func share() throws {
        var marked = 0
        for seed in UInt64(0)..<300 {
            let candidates = try Self.candidates(60, seed: seed)
            var request = BudgetRequest(total: 60 * 8, minimum: 0, maximum: 64)
            request.exploration = try Exploration(
                share: 0.1, seed: Exploration.seed(policyID: "run42", step: Int(seed)))
            let plan = try request.plan(candidates)
            #expect(plan.budgets.reduce(0) { $0 + $1.n } == 480, "seed \(seed)")
            let unlikely = plan.budgets.filter(Self.isUnlikely)
            let target = min(48, unlikely.count * 8)
            #expect(unlikely.reduce(0) { $0 + $1.n } >= target, "seed \(seed)")
            let explored = plan.budgets.filter { $0.source == .explore }
            #expect(explored.allSatisfy { Self.isUnlikely($0) && $0.n == 8 }, "seed \(seed)")
            #expect(explored.allSatisfy { $0.reason == (($0.p ?? 0) < 0.5 ? .exploreHopeless : .exploreSolved) })
            marked += explored.count
            request.exploration = nil
            let bold = try request.plan(candidates)
            #expect(plan.utility <= bold.utility * (1 + 1e-12) && bold.summary.explored == 0, "seed \(seed)")
        }
        #expect(marked > 0)
        print("300 plans of 60 prompts at a share of 0.1: \(marked) prompts explored")
    }

    @Test(
        "which prompts are explored depends on policy and step, not on arrival; over the steps every prompt is explored"
    )
    func turns() throws {
        var candidates = try Self.candidates(60, seed: 1)
        var everybody: Set<String> = []
        var choices: Set<Set<String>> = []
        for step in 0..<60 {
            var request = BudgetRequest(total: 60 * 8, minimum: 0, maximum: 64)
            request.exploration = try Exploration(share: 0.1, seed: Exploration.seed(policyID: "run42", step: step))
            let plan = try request.plan(candidates)
            var generator = SeededGenerator(seed: UInt64(step))
            candidates.shuffle(using: &generator)
            let shuffled = try request.plan(candidates)
            #expect(plan.id == shuffled.id && Set(plan.budgets) == Set(shuffled.budgets), "step \(step)")
            let explored = Set(plan.budgets.filter { $0.source == .explore }.map(\.promptID))
            choices.insert(explored)
            everybody.formUnion(explored)
        }
        let unlikely = candidates.filter { $0.belief.mean < 0.05 || $0.belief.mean > 0.95 }
        #expect(everybody == Set(unlikely.map(\.promptID)))
        #expect(choices.count > 50)
        #expect(Exploration.seed(policyID: "a", step: 1) != Exploration.seed(policyID: "b", step: 1))
    }

    @Test("exploration uses no more than an equal share, and no more than the total allows")
    func modest() throws {
        let candidates = try Self.candidates(60, seed: 2)
        for (share, minimum, total) in [(1.0, 0, 480), (1, 2, 480), (0.5, 2, 121), (1, 2, 120), (0, 2, 480)] {
            var request = BudgetRequest(total: total, minimum: minimum, maximum: 64)
            request.exploration = try Exploration(share: share)
            let plan = try request.plan(candidates)
            #expect(plan.budgets.reduce(0) { $0 + $1.n } == total)
            let unlikely = plan.budgets.filter(Self.isUnlikely)
            let even = total / 60 * unlikely.count
            #expect(plan.budgets.filter { $0.source == .explore }.reduce(0) { $0 + $1.n } <= even)
        }
        for share in [-0.1, 1.1, .nan] {
            #expect(throws: PlanningError.self) { try Exploration(share: share) }
        }
    }

    @Test("with a list of sizes exploration raises as many floors as reachable sums allow")
    func irregular() throws {
        for seed in UInt64(0)..<200 {
            var request = BudgetRequest(total: 30 * 8 + 4 * Int(seed % 7), minimum: 0, maximum: 32)
            request.groupSizes = [0, 4, 8, 16, 32]
            request.exploration = try Exploration(share: 0.2, seed: seed)
            let plan = try request.plan(Self.candidates(30, seed: seed))
            #expect(plan.budgets.reduce(0) { $0 + $1.n } == request.total, "seed \(seed)")
            #expect(plan.budgets.allSatisfy { [0, 4, 8, 16, 32].contains($0.n) }, "seed \(seed)")
        }
    }
}
