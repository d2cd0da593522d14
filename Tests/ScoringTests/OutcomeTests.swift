import Scoring
import Testing

@Suite("Outcomes and predictions refuse what is no probability")
struct OutcomeTests {
    @Test("an outcome has a reward in [0, 1] and at least one rollout")
    func outcomes() {
        #expect(Outcome(reward: .nan) == nil)
        #expect(Outcome(reward: -0.1) == nil)
        #expect(Outcome(reward: 1.1) == nil)
        #expect(Outcome(reward: 1, n: 0) == nil)
        #expect(Outcome(k: 3, n: 2) == nil)
        #expect(Outcome(k: -1, n: 2) == nil)
        #expect(Outcome(k: 0, n: 0) == nil)
        #expect(Outcome(k: 3, n: 4)?.reward == 0.75)
        #expect(Outcome(reward: 0.75, n: 4)?.successes == 3)
    }

    @Test("a reward of one half and more is a success")
    func success() {
        #expect(Outcome(reward: 0.5)?.isSuccess == true)
        #expect(Outcome(reward: 0.49)?.isSuccess == false)
    }

    @Test("a prediction has 0 ≤ pLo ≤ p ≤ pHi ≤ 1 and κ > 0")
    func predictions() {
        #expect(Prediction(p: 0.5, kappa: .infinity, pLo: 0.5, pHi: 0.5) != nil)
        #expect(Prediction(p: 0.5, kappa: 0, pLo: 0.5, pHi: 0.5) == nil)
        #expect(Prediction(p: .nan, kappa: 1, pLo: 0, pHi: 1) == nil)
        #expect(Prediction(p: 0.5, kappa: .nan, pLo: 0, pHi: 1) == nil)
        #expect(Prediction(p: 0.5, kappa: 1, pLo: 0.6, pHi: 1) == nil)
        #expect(Prediction(p: 0.5, kappa: 1, pLo: 0, pHi: 0.4) == nil)
        #expect(Prediction(p: 0.5, kappa: 1, pLo: -0.1, pHi: 1) == nil)
        #expect(Prediction(p: 0.5, kappa: 1, pLo: 0, pHi: 1.1) == nil)
    }

    @Test("policies sort by id, then by version, those without a version first")
    func policies() {
        let policies = [Policy(id: "b"), Policy(id: "a", version: 2), Policy(id: "a"), Policy(id: "a", version: 0)]
        #expect(policies.sorted().map(\.description) == ["a", "a@0", "a@2", "b"])
    }
}
