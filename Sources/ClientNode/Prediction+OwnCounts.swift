import Corpora
import Foundation
import Heads
import Planning
import Scoring

// A prediction joined with fresh outcomes of the policy itself, as a planner joins a prompt's record.

extension Prediction {
    /// The belief after these outcomes: Beta(pκ + w·k, (1 − p)κ + w·(n − k)), with w = 0.99 per step of age. A point
    /// estimate is certain by definition, and stays as it is.
    func joined(with own: SideIndex.OwnCounts) -> Prediction {
        guard kappa.isFinite else { return self }
        let weight = pow(PromptRecord.decayDefault, Double(own.age)) * Double(own.outcome.n)
        let sum = Double(kappa) + weight
        let mean = min(1, max(0, (Double(p) * Double(kappa) + weight * own.outcome.reward) / sum))
        let belief = BetaDistribution(mean: mean, concentration: sum)
        let (low, high) = (Float(belief.quantile(0.1)), Float(belief.quantile(0.9)))
        let joined = Prediction(
            p: Float(mean), kappa: Float(sum), pLo: min(low, Float(mean)), pHi: min(1, max(high, Float(mean))),
            flags: flags)
        return joined ?? self
    }
}
