import Evaluation
import Planning
import PredictionMetrics
import Scoring
import Testing

@Suite("Budget value")
struct BudgetValueTests {
    @Test("the share is 1 for a plan from the true rates, 0 for the uniform plan, and hand-computed in between")
    func shares() throws {
        let truths = [0.5, 0.0, 0.5, 1.0]
        let ids = ["a", "b", "c", "d"]
        func plan(_ means: [Double]) throws -> BudgetPlan {
            try BudgetRequest(total: 32, maximum: 16).plan(
                zip(ids, means).map { BudgetCandidate(promptID: $0, belief: try Belief(mean: $1, promptID: $0)) })
        }
        let oracle = try BudgetValue(of: plan(truths), trueRates: truths)
        #expect(oracle.share == 1)
        #expect(oracle.realised == oracle.oracle)
        let flat = try BudgetValue(of: plan([0, 0, 0, 0]), trueRates: truths)
        #expect(flat.share == 0 && flat.gain == 0)
        let objective = BudgetObjective.expectedContrast
        #expect(abs(flat.uniform - 2 * objective.value(of: 8, at: 0.5)) < 1e-12)
        let wrong = try BudgetValue(of: plan([0, 0.5, 0, 0.5]), trueRates: truths)
        let expected = 2 * objective.value(of: 2, at: 0.5)
        #expect(abs(wrong.realised - expected) < 1e-12)
        #expect(try #require(wrong.share) < 0)
        #expect(throws: PlanningError.countMismatch(what: "true rates", expected: 4, found: 1)) {
            try BudgetValue(of: plan(truths), trueRates: [0.5])
        }
        #expect(throws: PlanningError.probabilityOutOfRange(promptID: "b", value: 2)) {
            try BudgetValue(of: plan(truths), trueRates: [0.5, 2, 0, 0])
        }
        let hopeless = try BudgetValue(of: plan(truths), trueRates: [0, 0, 1, 1])
        #expect(hopeless.share == nil && hopeless.gain == nil)
    }

    @Test("there is no share of a gain that is a rounding error")
    func noGain() {
        #expect(BudgetValue(realised: 3, uniform: 3, oracle: 3.nextUp).share == nil)
        #expect(BudgetValue(realised: 0, uniform: 0, oracle: 0).share == nil)
        #expect(BudgetValue(realised: 3, uniform: 2, oracle: 4).share == 0.5)
    }

    /// Weak but calibrated predictions, planned from the belief and from its mean.
    @Test("plans from the belief are worth more than plans from the mean alone where predictions are weak")
    func beliefBeatsMean() throws {
        var belief = 0.0
        var mean = 0.0
        for seed in UInt64(1)...5 {
            var generator = SeededGenerator(seed: seed)
            let kappa = 4.0
            // True rates are drawn from the stated beliefs, so the predictions are calibrated: Beta(1, 3), the least of
            // three.
            var sharp: [BudgetCandidate] = []
            var blunt: [BudgetCandidate] = []
            var truths: [Double] = []
            for index in 0..<400 {
                let a = 1 + Int(generator.unit() * 3)
                // The a-th smallest of κ − 1 uniforms is Beta(a, κ − a).
                truths.append((0..<3).map { _ in generator.unit() }.sorted()[a - 1])
                let id = "\(index)"
                sharp.append(.init(promptID: id, belief: try Belief(mean: Double(a) / kappa, promptID: id)))
                blunt.append(
                    .init(promptID: id, belief: try Belief(mean: Double(a) / kappa, kappa: kappa, promptID: id)))
            }
            let request = BudgetRequest(total: 400 * 8)
            let onBelief = try BudgetValue(of: try request.plan(blunt), trueRates: truths)
            let onMean = try BudgetValue(of: try request.plan(sharp), trueRates: truths)
            belief += (onBelief.gain ?? 0) / 5
            mean += (onMean.gain ?? 0) / 5
        }
        #expect(belief > mean)
        print("realised gain over uniform, mean 8 in [2, 128]: on the belief \(belief), on the mean alone \(mean)")
    }
}
