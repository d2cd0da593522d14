import Foundation
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

    private init(uncheckedMean mean: Double, kappa: Double) {
        self.mean = mean
        self.kappa = kappa
    }

    /// What the policy did on this very prompt, some steps ago.
    public struct PastOutcome: Hashable, Sendable {
        /// The rollouts' outcome.
        public let outcome: Outcome
        /// Policy steps since then, at least 0.
        public let age: Double

        /// An outcome and how old it is.
        public init(_ outcome: Outcome, age: Double) {
            self.outcome = outcome
            self.age = age
        }
    }

    /// This belief joined with the prompt's own record: a = mκ + Σ γ^age·k, b = (1 − m)κ + Σ γ^age·(n − k).
    ///
    /// - Parameters:
    ///   - record: Outcomes of the same policy on the same prompt; successes may be fractional.
    ///   - decay: γ in [0, 1], what an outcome is still worth a policy step later.
    /// - Throws: `decayOutOfRange`, or `ageOutOfRange` naming the prompt.
    ///
    /// A point estimate claims to be certain, so no record moves it.
    public func fused(
        with record: some Sequence<PastOutcome>, decay: Double, promptID: String
    ) throws(PlanningError) -> Belief {
        guard decay >= 0, decay <= 1 else { throw .decayOutOfRange(value: decay) }
        var successes = 0.0
        var rollouts = 0.0
        for past in record {
            guard past.age >= 0 else { throw .ageOutOfRange(promptID: promptID, value: past.age) }
            let weight = pow(decay, past.age)
            successes += weight * past.outcome.successes
            rollouts += weight * Double(past.outcome.n)
        }
        guard kappa.isFinite, rollouts > 0 else { return self }
        let fused = kappa + rollouts
        return Belief(uncheckedMean: min(1, (mean * kappa + successes) / fused), kappa: fused)
    }
}
