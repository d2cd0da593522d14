public import Scoring

/// A belief about a prompt's success probability: Beta(a, b) with a = mean·κ and b = (1 − mean)·κ.
///
/// Every objective of planning is non-linear in p, so the spread matters as much as the mean: a plan made from means
/// alone spends many rollouts on prompts that only look hard. κ = ∞ is the point estimate, which has no spread.
public struct Belief: Hashable, Sendable {
    /// Expected success probability of one rollout, in [0, 1].
    public let mean: Double
    /// Concentration κ = a + b, above 0: it counts as much as κ rollouts of the prompt itself. Infinity is a point.
    public let kappa: Double

    /// A belief about `promptID`; only errors use the id.
    ///
    /// Throws `probabilityOutOfRange` or `kappaOutOfRange`, also for NaN.
    public init(mean: Double, kappa: Double = .infinity, promptID: String) throws(PlanningError) {
        guard mean >= 0, mean <= 1 else { throw .probabilityOutOfRange(promptID: promptID, value: mean) }
        guard kappa > 0 else { throw .kappaOutOfRange(promptID: promptID, value: kappa) }
        // −0 and 0 are one belief, and must give the same plan.
        self.mean = mean == 0 ? 0 : mean
        self.kappa = kappa
    }

    /// A model's prediction. A `Prediction` is checked where it is made.
    public init(_ prediction: Prediction) {
        mean = prediction.p == 0 ? 0 : Double(prediction.p)
        kappa = Double(prediction.kappa)
    }

    /// For numbers computed from a checked belief.
    package init(uncheckedMean mean: Double, kappa: Double) {
        self.mean = mean
        self.kappa = kappa
    }
}
