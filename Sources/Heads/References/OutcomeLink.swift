import Foundation

/// From a score to a probability: logistic regression of a context's rewards on its left-out scores.
///
/// Offset and slope have normal priors about 0 and 1. Their uncertainty makes probabilities less extreme (MacKay's
/// approximation), so few rows do not give bold answers.
package struct OutcomeLink: Sendable {
    /// Offset and slope.
    package let weights: SIMD2<Double>
    /// Their covariance: both variances, and the element beside them.
    let covariance: (offset: Double, slope: Double, beside: Double)

    private static let steps = 12
    private static let centre = SIMD2(0.0, 1.0)
    private static let rawMin = 0.02

    /// Fits rewards in [0, 1] at scores in log-odds; without rows it is the prior.
    ///
    /// A Newton step that would make the fit worse is halved (`UphillStep`). Cost: some forty sigmoids a row.
    package init(scores: [Double], rewards: [Double], deviations: SIMD2<Double> = SIMD2(0.3, 0.3)) {
        let precision = 1 / (deviations * deviations)
        var weights = Self.centre
        func curvature(_ weights: SIMD2<Double>) -> (
            gradient: SIMD2<Double>, first: Double, second: Double, beside: Double
        ) {
            var gradient = -precision * (weights - Self.centre)
            var (first, second, beside) = (precision.x, precision.y, 0.0)
            for (score, reward) in zip(scores, rewards) {
                let p = CompactHeadConstants.sigmoid(weights.x + weights.y * score)
                gradient += (reward - p) * SIMD2(1, score)
                let weight = p * (1 - p)
                first += weight
                second += weight * score * score
                beside += weight * score
            }
            return (gradient, first, second, beside)
        }
        func logPosterior(_ weights: SIMD2<Double>) -> Double {
            let far = weights - Self.centre
            let prior = -(precision * far * far).sum() / 2
            return zip(scores, rewards).reduce(prior) { sum, row in
                sum + UphillStep.logLikelihood(row.1, weights.x + weights.y * row.0)
            }
        }
        for _ in 0..<Self.steps {
            let (gradient, first, second, beside) = curvature(weights)
            let determinant = first * second - beside * beside
            let step =
                SIMD2(second * gradient.x - beside * gradient.y, first * gradient.y - beside * gradient.x)
                / determinant
            weights += UphillStep.share { logPosterior(weights + $0 * step) } * step
        }
        let (_, first, second, beside) = curvature(weights)
        let determinant = first * second - beside * beside
        self.weights = weights
        covariance = (second / determinant, first / determinant, -beside / determinant)
    }

    /// P(success) in [0.005, 0.995]; not a number if the score is not.
    func probability(_ score: Double) -> Double {
        let mean = weights.x + weights.y * score
        let variance = covariance.offset + 2 * covariance.beside * score + covariance.slope * score * score
        let p = CompactHeadConstants.sigmoid(mean / (1 + .pi * variance / 8).squareRoot())
        return p.isNaN ? p : min(0.995, max(0.005, p))
    }

    /// The score of a value on the scale of rewards, such as a posterior mean, which may be outside [0, 1].
    static func score(ofReward raw: Double) -> Double {
        let p = raw.isNaN ? raw : min(1 - rawMin, max(rawMin, raw))
        return log(p) - log1p(-p)
    }
}
