/// Eight prompts' beliefs as Pólya's urns: how the outcomes of future rollouts depend on each other.
///
/// Beta(a, b) divided by κ = a + b is an urn of weight 1, and each draw adds `step` = 1/κ of the drawn colour. The
/// point estimate is the urn that never learns, `step` = 0. So it is no special case, and κ → ∞ leads to it smoothly.
struct RolloutUrn {
    /// Weight of success, a/κ; at first the expected success probability.
    var success: SIMD8<Double>
    /// Weight of failure, b/κ.
    var failure: SIMD8<Double>
    /// Sum of all weights in the urn.
    var total: SIMD8<Double>
    /// Weight that a draw adds, 1/κ.
    var step: SIMD8<Double>

    /// The urns of up to eight beliefs. Unused lanes are coins that always fail.
    init(_ beliefs: ArraySlice<Belief>) {
        precondition(beliefs.count <= SIMD8<Double>.scalarCount, "RolloutUrn: \(beliefs.count) beliefs in 8 lanes")
        success = .zero
        failure = SIMD8(repeating: 1)
        total = SIMD8(repeating: 1)
        step = .zero
        for (lane, belief) in beliefs.enumerated() {
            success[lane] = belief.mean
            failure[lane] = 1 - belief.mean
            // Below this κ the first draw decides all others to the last digit, and 1/κ must not overflow.
            step[lane] = 1 / max(belief.kappa, 1e-300)
        }
    }

    /// The urn after one success and two failures have been drawn: Beta(a + 1, b + 2).
    var tilted: RolloutUrn {
        var urn = self
        urn.success += step
        urn.failure += step + step
        urn.total += step + step + step
        return urn
    }

    /// E[p·q²]: the probability of drawing a success and then two failures.
    var successAndTwoFailures: SIMD8<Double> {
        let second = total + step
        return success / total * (failure / second) * ((failure + step) / (second + step))
    }
}
