import Foundation
package import Scoring

/// Concentrations for heads that give a probability without a spread.
package enum BeliefConstants {
    /// κ of most policies' likeliest beliefs, fitted on training policies (`scripts/head/fit.py`).
    package static let usualKappa = exp(GaussianProcessConstants.logConcentration)
    /// κ of a belief that is only the base rate.
    package static let baseRateKappa = GaussianProcessConstants.baseRateConcentration
}

extension Prediction {
    /// The belief of a mean and a concentration with its central 80 %, widened to include the mean where the belief is so
    /// skewed that its mean is outside. `nil` for a mean that is not in [0, 1].
    package init?(mean: Double, kappa: Double, flags: Flags) {
        guard mean >= 0, mean <= 1 else { return nil }
        let belief = BetaDistribution(mean: mean, concentration: kappa)
        let p = Float(mean)
        self.init(
            p: p, kappa: Float(kappa), pLo: min(p, Float(belief.quantile(0.1))),
            pHi: max(p, Float(belief.quantile(0.9))), flags: flags)
    }
}
