/// How well beliefs, not only their means, fit the outcomes of several rollouts.
///
/// An observed rate k/n has binomial noise in addition to the uncertainty of p. So a belief is judged by the
/// distribution that it predicts for k, the beta-binomial one, and never by whether k/n is in its own interval.
public struct BeliefFit: Hashable, Codable, Sendable {
    /// Queries of more than one rollout. Only these are judged.
    public let queries: Int
    /// Share of queries whose k is in the central 80 % of the beta-binomial distribution of (ŷ, κ, n).
    public let coverage: Double
    /// The value of `coverage` if the beliefs were right. It is above 0.8, because k is a whole number and the interval
    /// contains whole numbers: with 3 rollouts it often contains all of them.
    public let coverageExpected: Double
    /// Mean log likelihood of a query's rollouts under the beliefs, in nats; at most 0, higher is better. The rollouts
    /// are in their order: the binomial coefficient is left out, here and in `pointLogLikelihood`.
    public let beliefLogLikelihood: Double
    /// The same under the means alone, κ → ∞.
    public let pointLogLikelihood: Double
}

extension EvaluationMetrics {
    /// Probability mass of the interval whose coverage is measured.
    public static let coverageMass = 0.8

    /// Judges the beliefs of some contexts, pooled over their queries of more than one rollout.
    ///
    /// Fractional successes are used as they are, with the gamma function in place of factorials. Means are clipped as
    /// in `logLoss`. `nil` where no context has concentrations, or no query has several rollouts.
    /// Cost: O(n) for a query of n rollouts.
    public static func beliefFit(_ contexts: [ScoredQueries]) -> BeliefFit? {
        var queries = 0
        var covered = 0
        var mass = 0.0
        var likelihood = 0.0
        var pointLikelihood = 0.0
        for context in contexts {
            guard let kappas = context.kappas else { continue }
            for index in 0..<context.count where context.rollouts[index] > 1 {
                let p = min(1 - logLossMargin, max(logLossMargin, context.predictions[index]))
                let n = context.rollouts[index]
                let successes = context.scores[index] * Double(n)
                let predicted = BetaBinomial(mean: p, kappa: kappas[index], rollouts: n)
                let interval = predicted.central(coverageMass)
                queries += 1
                let low = Double(interval.range.lowerBound) - 1e-9
                if successes >= low, successes <= Double(interval.range.upperBound) + 1e-9 { covered += 1 }
                mass += interval.mass
                likelihood += predicted.logLikelihood(successes: successes)
                pointLikelihood += BetaBinomial(mean: p, kappa: .infinity, rollouts: n)
                    .logLikelihood(successes: successes)
            }
        }
        guard queries > 0 else { return nil }
        let count = Double(queries)
        return BeliefFit(
            queries: queries, coverage: Double(covered) / count, coverageExpected: mass / count,
            beliefLogLikelihood: likelihood / count, pointLogLikelihood: pointLikelihood / count)
    }
}
