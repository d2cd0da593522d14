import Planning
import Scoring
import Testing

@Suite("Belief")
struct BeliefTests {
    @Test("a mean or concentration that makes no sense is refused, naming the prompt")
    func refusals() {
        for mean in [-0.001, 1.001, Double.infinity, Double.nan] {
            let error = #expect(throws: PlanningError.self) { try Belief(mean: mean, kappa: 3, promptID: "gsm8k/17") }
            #expect(error?.description.contains("gsm8k/17") == true)
            #expect(error?.description.contains("success probability") == true)
        }
        for kappa in [0.0, -1.0, -Double.infinity, Double.nan] {
            let error = #expect(throws: PlanningError.self) {
                try Belief(mean: 0.5, kappa: kappa, promptID: "gsm8k/17")
            }
            #expect(error?.description.contains("gsm8k/17") == true)
            #expect(error?.description.contains("kappa") == true)
        }
    }

    @Test("a prediction becomes the belief it states")
    func fromPrediction() throws {
        let prediction = try #require(Prediction(p: 0.25, kappa: 6, pLo: 0.1, pHi: 0.5))
        #expect(try Belief(prediction) == Belief(mean: 0.25, kappa: 6, promptID: "x"))
    }

    @Test("the prompt's own record joins as decayed counts")
    func fuses() throws {
        let prior = try Belief(mean: 0.2, kappa: 5, promptID: "x")
        let record = [
            Belief.PastOutcome(try #require(Outcome(k: 6, n: 8)), age: 0),
            Belief.PastOutcome(try #require(Outcome(k: 1, n: 4)), age: 2),
        ]
        let fused = try prior.fused(with: record, decay: 0.5, promptID: "x")
        // a = 1 + 6 + 0.25·1, b = 4 + 2 + 0.25·3.
        #expect(abs(fused.kappa - 14) < 1e-12)
        #expect(abs(fused.mean - 7.25 / 14) < 1e-12)
        #expect(try prior.fused(with: record.prefix(0), decay: 0.5, promptID: "x") == prior)
        let forgotten = try prior.fused(with: record, decay: 0, promptID: "x")
        #expect(abs(forgotten.kappa - 13) < 1e-12)
    }

    @Test("a point estimate is certain: no record moves it")
    func pointStays() throws {
        let point = try Belief(mean: 0.2, promptID: "x")
        let record = [Belief.PastOutcome(try #require(Outcome(k: 8, n: 8)), age: 0)]
        #expect(try point.fused(with: record, decay: 1, promptID: "x") == point)
    }

    @Test("a decay outside [0, 1] or an outcome from the future is refused")
    func refusesRecords() throws {
        let prior = try Belief(mean: 0.2, kappa: 5, promptID: "x")
        let outcome = try #require(Outcome(k: 1, n: 2))
        #expect(throws: PlanningError.decayOutOfRange(value: 1.5)) {
            try prior.fused(with: [], decay: 1.5, promptID: "x")
        }
        #expect(throws: PlanningError.ageOutOfRange(promptID: "x", value: -1)) {
            try prior.fused(with: [.init(outcome, age: -1)], decay: 0.5, promptID: "x")
        }
        #expect(throws: PlanningError.self) {
            try prior.fused(with: [.init(outcome, age: .nan)], decay: 1, promptID: "x")
        }
    }
}
