import Foundation
import PredictionMetrics
import Scoring
import Testing

@Suite("Belief fit and log loss")
struct BeliefFitTests {
    private static func queries(
        _ predictions: [Double], _ outcomes: [(k: Int, n: Int)], kappa: Double? = nil
    ) throws -> ScoredQueries {
        try ScoredQueries(
            context: "c", promptIDs: predictions.indices.map { "q\($0)" }, predictions: predictions,
            outcomes: try outcomes.map { try #require(Outcome(k: $0.k, n: $0.n)) },
            kappas: kappa.map { [Double](repeating: $0, count: predictions.count) })
    }

    /// Rollouts from Pólya's urn, or of a coin.
    private static func urn(
        _ mean: Double, _ kappa: Double?, _ n: Int, _ generator: inout SeededGenerator
    ) -> (k: Int, n: Int) {
        var (successes, failures) = (mean * (kappa ?? 1), (1 - mean) * (kappa ?? 1))
        var k = 0
        for _ in 0..<n {
            let isSuccess = generator.unit() < successes / (successes + failures)
            if isSuccess { k += 1 }
            guard kappa != nil else { continue }
            if isSuccess { successes += 1 } else { failures += 1 }
        }
        return (k, n)
    }

    @Test("the beta-binomial distribution of a uniform belief is uniform, of a certain one binomial")
    func betaBinomial() {
        let uniform = BetaBinomial(mean: 0.5, kappa: 2, rollouts: 9).probabilities
        #expect(uniform.allSatisfy { abs($0 - 0.1) < 1e-12 })
        let coin = BetaBinomial(mean: 0.25, kappa: .infinity, rollouts: 2).probabilities
        for (found, expected) in zip(coin, [0.5625, 0.375, 0.0625]) { #expect(abs(found - expected) < 1e-12) }
        for (mean, kappa, n) in [(0.005, 0.2, 64), (0.995, 50, 32), (0.3, 1, 1), (0.5, 7, 200)] {
            let predicted = BetaBinomial(mean: mean, kappa: kappa, rollouts: n)
            let probabilities = predicted.probabilities
            let found = probabilities.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
            #expect(abs(found - mean * Double(n)) < 1e-9 * Double(n))
            // The likelihood of rollouts in order, times the number of orders, is the same probability.
            for k in [0, n / 2, n] {
                let orders = lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
                let likelihood = exp(predicted.logLikelihood(successes: Double(k)) + orders)
                #expect(abs(likelihood - probabilities[k]) < 1e-9 * max(1, probabilities[k]))
            }
        }
    }

    @Test("the central interval contains its mass and is no wider than needed")
    func interval() {
        // All of 0 … 9 are equally likely: a quarter is passed at 2, three quarters at 7.
        let uniform = BetaBinomial(mean: 0.5, kappa: 2, rollouts: 9).central(0.5)
        #expect(uniform.range == 2...7)
        #expect(abs(uniform.mass - 0.6) < 1e-12)
        let sure = BetaBinomial(mean: 0.5, kappa: .infinity, rollouts: 100).central(0.8)
        #expect(sure.range == 44...56)
    }

    @Test("log loss is the cross-entropy of rates, and a wrong prediction of 0 or 1 costs 5.3 nats")
    func logLoss() throws {
        let queries = try Self.queries([0.25, 0.5], [(1, 4), (4, 4)])
        let expected = (-0.25 * log(0.25) - 0.75 * log(0.75) - log(0.5)) / 2
        #expect(abs(try #require(EvaluationMetrics.logLoss([queries])) - expected) < 1e-12)
        let wrong = try Self.queries([0], [(1, 1)])
        #expect(abs(try #require(EvaluationMetrics.logLoss([wrong])) + log(0.005)) < 1e-12)
        #expect(EvaluationMetrics.logLoss([]) == nil)
    }

    @Test(
        "true beliefs have the expected coverage and a higher likelihood than their means; overconfident ones have neither"
    )
    func fits() throws {
        var generator = SeededGenerator(seed: 41)
        var predictions: [Double] = []
        var outcomes: [(k: Int, n: Int)] = []
        for _ in 0..<4000 {
            // Beta(1, 2) by inversion: mean 1/3, κ = 3.
            let p = 1 - generator.unit().squareRoot()
            predictions.append(1.0 / 3)
            outcomes.append(((0..<8).count { _ in generator.unit() < p }, 8))
        }
        let right = try #require(EvaluationMetrics.beliefFit([Self.queries(predictions, outcomes, kappa: 3)]))
        #expect(right.queries == 4000)
        #expect(abs(right.coverage - right.coverageExpected) < 0.025, "seed 41")
        #expect(right.beliefLogLikelihood > right.pointLogLikelihood + 0.1)
        let sure = try #require(EvaluationMetrics.beliefFit([Self.queries(predictions, outcomes, kappa: 100)]))
        #expect(sure.coverage < sure.coverageExpected - 0.2)
        #expect(sure.beliefLogLikelihood < right.beliefLogLikelihood)
        #expect(EvaluationMetrics.beliefFit([try Self.queries(predictions, outcomes)]) == nil)
        #expect(EvaluationMetrics.beliefFit([try Self.queries([0.5], [(1, 1)], kappa: 2)]) == nil)
    }

    @Test("the calibration error expected by chance matches that of right predictions within a seventh")
    func byChance() throws {
        for (kappa, n) in [(Double?.none, 1), (4, 8)] {
            var generator = SeededGenerator(seed: 11)
            var found = 0.0
            var expected = 0.0
            for _ in 0..<40 {
                let predictions = (0..<600).map { _ in 0.1 + 0.8 * generator.unit() }
                let outcomes = predictions.map { Self.urn($0, kappa, n, &generator) }
                let queries = try Self.queries(predictions, outcomes, kappa: kappa)
                found += try #require(EvaluationMetrics.calibrationError([queries])) / 40
                expected += try #require(EvaluationMetrics.calibrationErrorExpected([queries])) / 40
            }
            #expect(abs(found / expected - 1) < 1.0 / 7, "\(n) rollouts: \(found), expected \(expected)")
        }
    }

    @Test("right predictions are correlated with the level, as much as the expected value says")
    func shortcutExpected() throws {
        for (levels, kappa, n) in [([0.7, 0.95], Double?.none, 1), ([0.2, 0.5], 4, 8)] {
            var generator = SeededGenerator(seed: 5)
            var (right, high): ([ScoredQueries], [ScoredQueries]) = ([], [])
            for level in levels {
                let predictions = (0..<4000).map { _ in level + 0.08 * (generator.unit() - 0.5) }
                let outcomes = predictions.map { mean in Self.urn(mean, kappa, n, &generator) }
                let ids = predictions.indices.map { "q\($0)" }
                let kappas = kappa.map { [Double](repeating: $0, count: ids.count) }
                let rewards = try outcomes.map { try #require(Outcome(k: $0.k, n: $0.n)) }
                right.append(
                    try ScoredQueries(
                        context: "\(level)", promptIDs: ids, predictions: predictions, outcomes: rewards,
                        kappas: kappas, contextMean: level))
                // The level counts too much: the higher one is overrated.
                high.append(
                    try ScoredQueries(
                        context: "\(level)", promptIDs: ids,
                        predictions: predictions.map { level == levels[0] ? $0 * 0.8 : 1 - (1 - $0) * 0.5 },
                        outcomes: rewards, kappas: kappas, contextMean: level))
            }
            let expected = try #require(EvaluationMetrics.shortcutExpected(right))
            let found = try #require(EvaluationMetrics.shortcutCorrelation(right))
            #expect(abs(found - expected) < 0.03, "\(n) rollouts: \(found), expected \(expected)")
            #expect(n > 1 || expected > 0.3)
            guard n > 1 else { continue }
            let excess = try #require(EvaluationMetrics.shortcutCorrelation(high)) - expected
            #expect(excess > 0.05, "\(n) rollouts: \(excess)")
        }
    }

    @Test("an invalid concentration is rejected, naming the prompt")
    func refused() throws {
        let outcome = try #require(Outcome(k: 1, n: 2))
        #expect(throws: MetricError.kappaOutOfRange(promptID: "b", value: 0)) {
            try ScoredQueries(
                context: "c", promptIDs: ["a", "b"], predictions: [0.5, 0.5], outcomes: [outcome, outcome],
                kappas: [1, 0])
        }
    }
}
