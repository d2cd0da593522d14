import Planning
import Scoring
import Testing

@Suite("Plans with a limit of tokens")
struct TokenPlanTests {
    private static func candidates(_ count: Int, seed: UInt64) throws -> [BudgetCandidate] {
        var random = SeededGenerator(seed: seed)
        return try (0..<count).map {
            BudgetCandidate(
                promptID: "p\($0)",
                belief: try Belief(mean: random.unit(), kappa: 0.5 + 8 * random.unit(), promptID: "p"))
        }
    }

    private static func lengths(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in 1 + 99 * random.unit() * random.unit() }
    }

    private static func utility(_ budgets: [Int], _ candidates: [BudgetCandidate], _ objective: BudgetObjective)
        -> Double
    {
        zip(budgets, candidates).reduce(0) { $0 + objective.expectedValue(of: $1.0, under: $1.1.belief) }
    }

    /// The optimum of a small problem, by trying all budgets.
    private static func optimum(
        _ request: BudgetRequest, _ candidates: [BudgetCandidate], _ limit: TokenLimit
    ) throws -> Double {
        let sizes = try request.sizes().values
        var best = -1.0
        func search(_ place: Int, _ budgets: [Int]) {
            guard place < candidates.count else {
                if budgets.reduce(0, +) <= request.total, limit.tokens(of: budgets) <= limit.total {
                    best = max(best, utility(budgets, candidates, request.objective))
                }
                return
            }
            for size in sizes { search(place + 1, budgets + [size]) }
        }
        search(0, [])
        return best
    }

    @Test("within both limits; between the uniform plan's utility and the bound; near the optimum of small problems")
    func optimal() throws {
        var (sum, best) = (0.0, 0.0)
        for seed in UInt64(1)...60 {
            let candidates = try Self.candidates(4, seed: seed)
            let lengths = Self.lengths(4, seed: seed + 1000)
            var request = BudgetRequest(total: seed % 2 == 0 ? 14 : 32, minimum: 0, maximum: 8)
            request.objective = BudgetObjective.allCases[Int(seed) % BudgetObjective.allCases.count]
            let limit = try TokenLimit(lengths: lengths, total: 3.5 * lengths.reduce(0, +))
            let plan = try TokenPlan(request, candidates, within: limit)
            #expect(plan.budgets.reduce(0, +) <= request.total && limit.tokens(of: plan.budgets) <= limit.total)
            #expect(abs(plan.utility - Self.utility(plan.budgets, candidates, request.objective)) < 1e-9)
            #expect(plan.utility >= plan.uniformUtility)
            let optimum = try Self.optimum(request, candidates, limit)
            #expect(plan.upperBound >= optimum - 1e-9 && plan.utility <= optimum + 1e-9, "seed \(seed)")
            if request.objective == .expectedContrast {
                sum += plan.utility
                best += optimum
            }
        }
        #expect(sum > 0.9 * best, "\(sum) of \(best)")
    }

    @Test("equal lengths and tokens for so many rollouts give nearly the plan of rollouts")
    func equalLengths() throws {
        let candidates = try Self.candidates(200, seed: 3)
        let request = BudgetRequest(total: 1600, minimum: 2, maximum: 32)
        let counts = try request.plan(candidates)
        let limit = try TokenLimit(lengths: Array(repeating: 10, count: 200), total: 16_000)
        let plan = try TokenPlan(request, candidates, within: limit)
        #expect(plan.utility > 0.999 * counts.utility && plan.upperBound < 1.001 * counts.upperBound)
        #expect(plan.tokens.all <= 16_000 && plan.tokens.waste > 0 && plan.tokens.waste < plan.tokens.all)
    }

    @Test("for the same tokens, a plan by tokens has more utility than one by rollouts where lengths differ")
    func gain() throws {
        let candidates = try Self.candidates(400, seed: 5)
        let lengths = Self.lengths(400, seed: 6)
        let request = BudgetRequest(total: 3200, minimum: 2, maximum: 32)
        let counts = try request.plan(candidates)
        let spent = zip(counts.budgets, lengths).reduce(0) { $0 + Double($1.0.n) * $1.1 }
        let free = BudgetRequest(total: 400 * 32, minimum: 2, maximum: 32)
        let plan = try TokenPlan(free, candidates, within: TokenLimit(lengths: lengths, total: spent))
        #expect(plan.tokens.all <= spent && plan.utility > 1.1 * counts.utility)
    }

    @Test("the order of candidates does not matter, and floors, caps and sizes hold")
    func order() throws {
        let candidates = try Self.candidates(30, seed: 8).enumerated().map { index, candidate in
            BudgetCandidate(
                promptID: candidate.promptID, belief: candidate.belief, floor: index % 3 == 0 ? 4 : nil,
                cap: index % 4 == 0 ? 8 : nil)
        }
        let lengths = Self.lengths(30, seed: 9)
        var request = BudgetRequest(total: 10_000, minimum: 0, maximum: 16)
        request.groupSizes = [0, 4, 8, 16]
        let total = 5 * lengths.reduce(0, +)
        let plan = try TokenPlan(request, candidates, within: TokenLimit(lengths: lengths, total: total))
        let turned = try TokenPlan(
            request, candidates.reversed(), within: TokenLimit(lengths: lengths.reversed(), total: total))
        #expect(plan.budgets == turned.budgets.reversed())
        for (candidate, n) in zip(candidates, plan.budgets) {
            #expect([0, 4, 8, 16].contains(n) && n >= candidate.floor ?? 0 && n <= candidate.cap ?? 16)
        }
    }

    @Test("too few tokens for the smallest budgets are an error with both numbers; lengths must be numbers above 0")
    func invalid() throws {
        let candidates = try Self.candidates(3, seed: 1)
        let request = BudgetRequest(total: 100, minimum: 2, maximum: 8)
        let few = try TokenLimit(lengths: [10, 10, 10], total: 59)
        #expect(throws: PlanningError.tokensTooFew(tokens: 59, prompts: 3, least: 60)) {
            _ = try TokenPlan(request, candidates, within: few)
        }
        for bad in [0, -1, .nan, .infinity] {
            #expect(throws: PlanningError.self) { _ = try TokenLimit(lengths: [bad], total: 1) }
        }
        #expect(throws: PlanningError.self) { _ = try TokenLimit(lengths: [1], total: .nan) }
        #expect(throws: PlanningError.countMismatch(what: "expected tokens", expected: 3, found: 2)) {
            _ = try TokenPlan(request, candidates, within: TokenLimit(lengths: [1, 1], total: 100))
        }
    }

    @Test("a prompt's own answers outweigh the policy's mean after a few; nothing is known without any")
    func lengths() {
        let all = AnswerLengths.Sum(tokens: 10_000, rollouts: 100)
        #expect(AnswerLengths.expected(of: .init(), among: .init()) == nil)
        #expect(AnswerLengths.expected(of: .init(), among: all) == 100)
        #expect(AnswerLengths.expected(of: .init(tokens: 80, rollouts: 8), among: all) == 28)
    }
}
