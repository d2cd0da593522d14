public import Scoring

/// What is believed of a prompt's success probability: Beta(a, b) with a = mean·κ and b = (1 − mean)·κ.
///
/// Every objective of planning is non-linear in p, so the spread matters as much as the mean: planning from means
/// alone pours rollouts into prompts that only look hard. κ = ∞ is the point estimate, which has no spread.
public struct Belief: Hashable, Sendable {
    /// Expected success probability of one rollout, in [0, 1].
    public let mean: Double
    /// Concentration κ = a + b, above 0; worth as much as κ rollouts of the prompt's own. Infinity is a point.
    public let kappa: Double

    /// A belief about `promptID`, which is there only so that an error can name it.
    ///
    /// Throws `probabilityOutOfRange` or `kappaOutOfRange`; a NaN never gets past this door.
    public init(mean: Double, kappa: Double = .infinity, promptID: String) throws(PlanningError) {
        guard mean >= 0, mean <= 1 else { throw .probabilityOutOfRange(promptID: promptID, value: mean) }
        guard kappa > 0 else { throw .kappaOutOfRange(promptID: promptID, value: kappa) }
        // −0 and 0 are one belief; plans must not tell them apart.
        self.mean = mean == 0 ? 0 : mean
        self.kappa = kappa
    }

    /// What a model predicted; a `Prediction` has been checked where it was made.
    public init(_ prediction: Prediction) {
        mean = prediction.p == 0 ? 0 : Double(prediction.p)
        kappa = Double(prediction.kappa)
    }

    /// For numbers that follow from a checked belief.
    init(uncheckedMean mean: Double, kappa: Double) {
        self.mean = mean
        self.kappa = kappa
    }
}
