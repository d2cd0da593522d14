import Planning
import Scoring
import Testing

@Suite("Belief")
struct BeliefTests {
    @Test("an invalid mean or concentration is rejected, naming the prompt")
    func rejections() {
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

    @Test("a prediction becomes the belief with its mean and concentration")
    func fromPrediction() throws {
        let prediction = try #require(Prediction(p: 0.25, kappa: 6, pLo: 0.1, pHi: 0.5))
        #expect(try Belief(prediction) == Belief(mean: 0.25, kappa: 6, promptID: "x"))
    }
}
