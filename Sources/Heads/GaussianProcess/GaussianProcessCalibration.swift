internal import Foundation
internal import Scoring

/// From the regression's score to a probability, and the concentration of the belief.
struct GaussianProcessCalibration {
    private let level: Double
    private let slope: Double
    private let baseRate: Double

    /// Slope by the context's size: scores of small contexts are a little too near the base rate, those of large ones a little too far from it.
    init(baseRate: Double, rows: Int) {
        let size = log2(Double(max(rows, 1)) / 256)
        self.baseRate = baseRate
        level = GaussianProcessConstants.calibrationLevel * (log(baseRate) - log1p(-baseRate))
        slope =
            exp(GaussianProcessConstants.calibrationSlope + GaussianProcessConstants.calibrationSlopeBySize * size)
            / (baseRate * (1 - baseRate))
    }

    /// P(success) in [0.005, 0.995]; not finite where the score is not.
    func probability(_ score: Double) -> Double {
        let p = 1 / (1 + exp(-(level + slope * (score - baseRate))))
        return p.isNaN ? p : min(0.995, max(0.005, p))
    }

    /// 0.2 … 50 in equal steps of the logarithm.
    private static let concentrations = (0...40).map { 0.2 * pow(250, Double($0) / 40) }
    /// Standard deviation of ln κ between policies.
    private static let spread = 1.0

    /// The likeliest κ given each row's probability without its own reward, with a log-normal prior on κ.
    ///
    /// Beta-binomial likelihood, continuous in k so that partial credit is used unchanged. A row of one rollout has
    /// no information about κ and is left out; without other rows κ is the prior's.
    static func concentration(probabilities: [Double], outcomes: [Outcome]) -> Double {
        let rows = zip(probabilities, outcomes).filter { $0.1.n > 1 }
        let centre = GaussianProcessConstants.logConcentration
        guard !rows.isEmpty else { return exp(centre) }
        var best = (kappa: exp(centre), score: -Double.infinity)
        for kappa in concentrations {
            let deviation = (log(kappa) - centre) / spread
            var score = -deviation * deviation / 2
            for (p, outcome) in rows {
                let a = p * kappa
                let b = (1 - p) * kappa
                let n = Double(outcome.n)
                score += logBeta(a + outcome.successes, b + n - outcome.successes) - logBeta(a, b)
            }
            if score > best.score { best = (kappa, score) }
        }
        return best.kappa
    }

    private static func logBeta(_ a: Double, _ b: Double) -> Double {
        BetaDistribution.logGamma(a) + BetaDistribution.logGamma(b) - BetaDistribution.logGamma(a + b)
    }
}
