import Planning
import Scoring
import Testing

@Suite("What a tenth more of the budget would buy")
struct BudgetAdviceTests {
    private static func candidates(_ count: Int, seed: UInt64) throws -> [BudgetCandidate] {
        var random = SeededGenerator(seed: seed)
        return try (0..<count).map {
            BudgetCandidate(
                promptID: "p\($0)",
                belief: try Belief(mean: random.unit() * random.unit(), kappa: 1 + 20 * random.unit(), promptID: "p"))
        }
    }

    @Test(
        "it is what a plan with a tenth more gains, also where only a sample of the prompts is read",
        arguments: [64, 3000])
    func gain(count: Int) throws {
        for seed in UInt64(1)...5 {
            let candidates = try Self.candidates(count, seed: seed)
            let plan = try BudgetRequest(total: 8 * count, minimum: 2, maximum: 64).plan(candidates)
            let advice = try #require(plan.advice)
            let larger = try BudgetRequest(total: Int(advice.total), minimum: 2, maximum: 64).plan(candidates)
            #expect(advice.total == Double((88 * count + 9) / 10))
            let gain = larger.utility - plan.utility
            #expect(abs(advice.utility - gain) < 0.05 * gain, "seed \(seed): \(advice.utility) for \(gain)")
        }
    }

    @Test("a uniform plan's advice is what larger equal groups gain")
    func uniform() throws {
        let belief = try Belief(mean: 0.5, kappa: 3, promptID: "p")
        let candidates = (0..<50).map { BudgetCandidate(promptID: "p\($0)", belief: belief) }
        let request = BudgetRequest(total: 400, minimum: 2, maximum: 16, objective: .mixedGroupProbability)
        let plan = try request.plan(candidates)
        #expect(plan.uniformReason == .noExpectedGain)
        var larger = request
        larger.total = 440
        let gain = try larger.uniformPlan(candidates, because: .shadow).utility - plan.utility
        #expect(abs(try #require(plan.advice).utility - gain) < 1e-9)
    }

    @Test("multiples are kept, caps limit it, and beyond them there is none")
    func limits() throws {
        let candidates = try Self.candidates(10, seed: 1)
        var request = BudgetRequest(total: 80, minimum: 0, maximum: 16)
        request.multipleOf = 4
        #expect(try request.plan(candidates).advice?.total == 88)
        request.total = 156
        #expect(try request.plan(candidates).advice?.total == 160)
        request.total = 160
        #expect(try request.plan(candidates).advice == nil)
    }

    @Test("of a plan within tokens, it is what a tenth more tokens gain")
    func tokens() throws {
        let candidates = try Self.candidates(200, seed: 4)
        let lengths = (0..<200).map { Double(10 + 7 * $0 % 190) }
        let request = BudgetRequest(total: 64 * 200, minimum: 2, maximum: 64)
        let limit = 8 * lengths.reduce(0, +)
        let plan = try TokenPlan(request, candidates, within: TokenLimit(lengths: lengths, total: limit))
        let advice = try #require(plan.plan.advice)
        let larger = try TokenPlan(request, candidates, within: TokenLimit(lengths: lengths, total: advice.total))
        #expect(abs(advice.total - 1.1 * limit) < 1e-6 * limit)
        #expect(abs(advice.utility - (larger.utility - plan.utility)) < 0.1 * advice.utility)
        let all = try TokenPlan(request, candidates, within: TokenLimit(lengths: lengths, total: 1e9))
        #expect(all.plan.advice == nil)
    }
}
