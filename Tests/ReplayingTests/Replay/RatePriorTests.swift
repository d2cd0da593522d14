import Planning
import PredictionMetrics
import Replaying
import Scoring
import Testing

@Suite("Rate prior")
struct RatePriorTests {
    /// Successes of 8, with the rate drawn from Beta(a, b) by Pólya's urn.
    static func groups(_ a: Double, _ b: Double, count: Int, n: Int = 8, seed: UInt64) -> [(k: Int, n: Int)] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            var k = 0
            for drawn in 0..<n { k += generator.unit() < (a + Double(k)) / (a + b + Double(drawn)) ? 1 : 0 }
            return (k, n)
        }
    }

    @Test(
        "the fit recovers the distribution that the counts were drawn from",
        arguments: [(0.3, 0.6), (1, 1), (2, 6), (8, 24)])
    func recovers(a: Double, b: Double) throws {
        for seed in UInt64(0)..<5 {
            let prior = try #require(RatePrior(Self.groups(a, b, count: 4000, n: 32, seed: seed)))
            #expect(abs(prior.mean - a / (a + b)) < 0.03, "\(prior)")
            #expect(prior.kappa > 0.8 * (a + b) && prior.kappa < 1.25 * (a + b), "κ \(prior.kappa) of \(a + b)")
        }
    }

    @Test("a prompt that always failed is not hopeless: its posterior agrees with the formula")
    func posterior() throws {
        let prior = try #require(RatePrior(Self.groups(1, 1, count: 4000, seed: 1)))
        let belief = prior.posterior(k: 0, n: 8)
        #expect(abs(belief.mean - prior.mean * prior.kappa / (prior.kappa + 8)) < 1e-15)
        #expect(belief.kappa == prior.kappa + 8 && belief.mean > 0.05)
        #expect(prior.posterior(k: 8, n: 8).mean < 1)
    }

    @Test("counts that show no spread give no prior")
    func none() {
        #expect(RatePrior([]) == nil)
        #expect(RatePrior([(k: 0, n: 1), (k: 1, n: 1)]) == nil)
        #expect(RatePrior([(k: 0, n: 8), (k: 0, n: 8)]) == nil && RatePrior([(k: 8, n: 8)]) == nil)
        #expect(RatePrior([(k: 9, n: 8), (k: -1, n: 8)]) == nil)
    }

    @Test("the mean realised value of a posterior truth is its expected value, for every objective and size")
    func truth() throws {
        let belief = try Belief(mean: 0.2, kappa: 3, promptID: "x")
        let prompt = ReplayPrompt(
            promptID: "x", belief: try Belief(mean: 0.5, promptID: "x"), truth: .posterior(belief))
        for objective in BudgetObjective.allCases {
            for n in [4, 32] {
                let request = BudgetRequest(total: n, minimum: n, maximum: n, objective: objective)
                var values: [Double] = []
                for seed in UInt64(0)..<4000 {
                    let result = try Replay(request: request, seed: seed).run(.uniform, on: [prompt])
                    values.append(result.realised)
                    if seed == 0 { #expect(result.expected == objective.expectedValue(of: n, under: belief)) }
                }
                let mean = try #require(MeanEstimate(values))
                let expected = objective.expectedValue(of: n, under: belief)
                #expect(abs(mean.mean - expected) < 4 * (mean.standardError ?? 0), "\(objective), \(n)")
            }
        }
    }

    @Test("the oracle of a posterior plans from the posterior itself")
    func oracle() throws {
        let beliefs = try [0.05, 0.5, 0.9].map { try Belief(mean: $0, kappa: 4, promptID: "p") }
        let prompts = try beliefs.enumerated().map { index, belief in
            ReplayPrompt(
                promptID: "p\(index)", belief: try Belief(mean: 0.5, promptID: "p"), truth: .posterior(belief))
        }
        let replay = Replay(request: BudgetRequest(total: 24, minimum: 2, maximum: 16))
        let candidates = prompts.enumerated().map { BudgetCandidate(promptID: $1.promptID, belief: beliefs[$0]) }
        #expect(try replay.budgets(.oracle, prompts) == replay.request.plan(candidates).budgets.map(\.n))
    }
}
