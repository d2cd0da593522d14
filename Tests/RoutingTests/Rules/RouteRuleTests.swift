import Routing
import Scoring
import Testing

@Suite("Routing rules")
struct RouteRuleTests {
    private let cheap = SampleRoutes.candidate(0, p: 0.5, cost: 0.1)
    private let middle = SampleRoutes.candidate(1, p: 0.7, cost: 0.4)
    private let large = SampleRoutes.candidate(2, p: 0.9, cost: 1)

    @Test("the weighted rule chooses the largest β·p + (1 − β)(1 − c̃)")
    func weighted() {
        // β = 0.7: cheap 0.35 + 0.27 = 0.62, middle 0.49 + 0.18 = 0.67, large 0.63 + 0 = 0.63.
        let decision = RouteRule.weighted(0.7).decide([cheap, middle, large], fallback: 0)
        #expect(decision == RouteDecision(model: 1, reason: .bestScore, ranking: [1, 2, 0]))
        #expect(RouteRule.weighted(0).decide([cheap, middle, large], fallback: 2).model == 0)
        #expect(RouteRule.weighted(1).decide([cheap, middle, large], fallback: 0).model == 2)
    }

    @Test("the target rule chooses the cheapest model that reaches the target, then those nearest to it")
    func target() {
        let decision = RouteRule.target(0.6).decide([cheap, middle, large], fallback: 0)
        #expect(decision == RouteDecision(model: 1, reason: .cheapestReachingTarget, ranking: [1, 2, 0]))
        let short = RouteRule.target(0.95).decide([cheap, middle, large], fallback: 0)
        #expect(short == RouteDecision(model: 2, reason: .belowTarget, ranking: [2, 1, 0]))
        #expect(
            RouteRule.target(0.7).decide([cheap, middle, large], fallback: 0).model == 1, "p at the target reaches it")
    }

    @Test("the lower bound prefers a model that is good for certain to one that may be better")
    func lowerBound() {
        let unsure = RouteCandidate(
            model: 0, prediction: Prediction(p: 0.8, kappa: 2, pLo: 0.3, pHi: 1), historyRows: 40,
            cost: 1,
            relativeCost: 1)
        let certain = RouteCandidate(
            model: 1, prediction: Prediction(p: 0.7, kappa: 200, pLo: 0.65, pHi: 0.75), historyRows: 256,
            cost: 1, relativeCost: 1)
        #expect(RouteRule.weighted(0.9).decide([unsure, certain], fallback: 0).model == 0)
        #expect(
            RouteRule.lowerBound(0.9).decide([unsure, certain], fallback: 0)
                == RouteDecision(model: 1, reason: .bestScore, ranking: [1, 0]))
        #expect(RouteRule(name: "lcb", parameter: 0.5) == .lowerBound(0.5) && RouteRule.lowerBound(0.5).name == "lcb")
    }

    @Test("a request that no model supports, or that is too long for those that do, has no model")
    func impossible() {
        let unsupported = (0..<2).map { SampleRoutes.candidate($0, p: 0.5, cost: 1, excluded: .unsupported) }
        #expect(RouteRule.weighted(1).decide(unsupported, fallback: 0).reason == .unsupported)
        let long = SampleRoutes.candidate(1, p: 0.5, cost: 1, excluded: .promptTooLong)
        #expect(RouteRule.weighted(1).decide([unsupported[0], long], fallback: 0).reason == .promptTooLong)
        let limited = SampleRoutes.candidate(1, p: 0.5, cost: 1, excluded: .atLimit)
        #expect(RouteRule.weighted(1).decide([unsupported[0], limited], fallback: 0).reason == .noneAvailable)
    }

    @Test("cost-aware scores count only under their own rule")
    func costAware() {
        let first = SampleRoutes.candidate(0, p: 0.2, cost: 0.1, costAware: 0.8)
        let second = SampleRoutes.candidate(1, p: 0.9, cost: 1, costAware: 0.6)
        #expect(RouteRule.costAware(0.5).decide([first, second], fallback: 1).model == 0)
        #expect(RouteRule.weighted(1).decide([first, second], fallback: 0).model == 1)
    }

    @Test("equal scores go to the cheaper, then to the earlier model")
    func ties() {
        let twins = [SampleRoutes.candidate(0, p: 0.5, cost: 1), SampleRoutes.candidate(1, p: 0.5, cost: 0.5)]
        #expect(RouteRule.weighted(1).decide(twins, fallback: 0).model == 1)
        let equals = [SampleRoutes.candidate(0, p: 0.5, cost: 0.5), SampleRoutes.candidate(1, p: 0.5, cost: 0.5)]
        #expect(RouteRule.weighted(0.5).decide(equals, fallback: 1).ranking == [0, 1])
    }

    @Test("a model without enough history is not chosen; if none has enough, the default is chosen with that reason")
    func evidence() {
        let thin = SampleRoutes.candidate(2, p: 0.99, cost: 0.01, rows: 4, excluded: .insufficientEvidence)
        #expect(RouteRule.weighted(0.7).decide([cheap, middle, thin], fallback: 2).model == 1)
        let nobody = [
            SampleRoutes.candidate(0, p: nil, cost: 0.1, rows: 0, excluded: .insufficientEvidence),
            SampleRoutes.candidate(1, p: nil, cost: 0.4, rows: 0, excluded: .insufficientEvidence),
            SampleRoutes.candidate(2, p: nil, cost: 1, rows: 0, excluded: .insufficientEvidence),
        ]
        let decision = RouteRule.target(0.5).decide(nobody, fallback: 1)
        #expect(decision == RouteDecision(model: 1, reason: .insufficientEvidence, ranking: [1, 0, 2]))
    }

    @Test("a default for which the prompt is too long is not chosen")
    func defaultExcluded() {
        let candidates = [
            SampleRoutes.candidate(0, p: nil, cost: 0.1, rows: 0, excluded: .insufficientEvidence),
            SampleRoutes.candidate(1, p: nil, cost: 1, rows: 0, excluded: .promptTooLong),
        ]
        #expect(RouteRule.weighted(0.7).decide(candidates, fallback: 1).model == 0)
    }

    @Test("the reason distinguishes a prompt that is too long for all models from a fleet that is cooling down")
    func nobody() {
        let long = (0..<2).map { SampleRoutes.candidate($0, p: 0.5, cost: 1, excluded: .promptTooLong) }
        #expect(RouteRule.weighted(0.7).decide(long, fallback: 0).reason == .promptTooLong)
        let cooling = [long[0], SampleRoutes.candidate(1, p: 0.5, cost: 1, excluded: .coolingDown)]
        #expect(RouteRule.weighted(0.7).decide(cooling, fallback: 0).reason == .noneAvailable)
        #expect(RouteRule.weighted(0.7).decide([], fallback: 0).reason == .noneAvailable)
    }

    @Test("a price of zero is valid: free models are ranked by p")
    func free() {
        let all = [SampleRoutes.candidate(0, p: 0.5, cost: 0), SampleRoutes.candidate(1, p: 0.6, cost: 0)]
        #expect(RouteRule.weighted(0.3).decide(all, fallback: 0).model == 1)
        #expect(RouteRule.target(0.4).decide(all, fallback: 1).model == 0)
    }

    @Test("a rule needs a known name and a number in [0, 1]")
    func names() {
        #expect(RouteRule(name: "target", parameter: 0.8) == .target(0.8))
        #expect(RouteRule(name: "weighted", parameter: 1.1) == nil)
        #expect(RouteRule(name: "weighted", parameter: .nan) == nil)
        #expect(RouteRule(name: "cheapest", parameter: 0.5) == nil)
    }

    @Test("cost-aware labels are β·r + (1 − β)(1 − c̃) for the same prompts in the same order")
    func labels() throws {
        let rows = [(1.0, 4), (0.0, 1)].compactMap { reward, n in
            Outcome(reward: reward, n: n).map { ContextSet.Row(text: "prompt \(n)", outcome: $0) }
        }
        let context = try #require(ContextSet(rows))
        let labelled = try #require(CostAwareLabels.relabelled(context, beta: 0.5, relativeCost: 0.25))
        // 0.5·1 + 0.5·0.75 = 0.875 and 0.5·0 + 0.5·0.75 = 0.375.
        #expect(labelled.rows.map(\.outcome.reward) == [0.875, 0.375])
        #expect(labelled.rows.map(\.outcome.n) == [4, 1])
        #expect(labelled.rows.map(\.text) == context.rows.map(\.text))
        let expensive = try #require(CostAwareLabels.relabelled(context, beta: 0.5, relativeCost: 7))
        #expect(expensive.rows.map(\.outcome.reward) == [0.5, 0], "a relative cost above 1 counts as 1")
    }
}
