import Corpora
import Heads
import Planning
import Scoring

// A prediction joined with fresh outcomes of the policy itself, as a planner joins a prompt's record.

extension Prediction {
    /// The belief after these outcomes, with the interval of its Beta distribution. A point estimate stays as it is.
    func joined(with own: SideIndex.OwnCounts) -> Prediction {
        let entry = PromptRecord.Entry(k: own.outcome.successes, n: own.outcome.n, age: Double(own.age))
        guard kappa.isFinite, let record = try? PromptRecord(promptID: "", entries: [entry]),
            let fused = try? Belief(self).fused(with: record)
        else { return self }
        let mean = Float(fused.mean)
        let distribution = BetaDistribution(mean: fused.mean, concentration: fused.kappa)
        let (low, high) = (Float(distribution.quantile(0.1)), Float(distribution.quantile(0.9)))
        let joined = Prediction(
            p: mean, kappa: Float(fused.kappa), pLo: min(low, mean), pHi: min(1, max(high, mean)), flags: flags)
        return joined ?? self
    }
}
