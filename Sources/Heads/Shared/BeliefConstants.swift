import Foundation
package import Scoring

/// How sure to be where a head gives a probability and no word of its spread.
package enum BeliefConstants {
    /// κ of most policies' likeliest beliefs, fitted on training policies (`scripts/head/fit.py`).
    package static let usualKappa = exp(GaussianProcessConstants.logConcentration)
    /// κ where the base rate is all that is said.
    package static let baseRateKappa = GaussianProcessConstants.baseRateConcentration
}

extension Prediction {
    /// The belief of a mean and a concentration with its central 80 %, widened to hold the mean where the belief is so
    /// skewed that its mean lies outside. `nil` for a mean that is no number in [0, 1].
    package init?(mean: Double, kappa: Double, flags: Flags) {
        guard mean >= 0, mean <= 1 else { return nil }
        let belief = BetaDistribution(mean: mean, concentration: kappa)
        let p = Float(mean)
        self.init(
            p: p, kappa: Float(kappa), pLo: min(p, Float(belief.quantile(0.1))),
            pHi: max(p, Float(belief.quantile(0.9))), flags: flags)
    }
}
