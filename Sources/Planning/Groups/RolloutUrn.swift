/// Eight prompts' beliefs as Pólya's urns: what B rollouts will do, before any of them is done.
///
/// Beta(a, b) divided by κ = a + b: an urn of weight 1, to which each draw adds `step` = 1/κ of the colour drawn. The
/// point estimate is the urn that never learns, `step` = 0; so it is no special case, and κ → ∞ leads to it smoothly.
struct RolloutUrn {
    /// Weight of success, a/κ; at first the expected success probability.
    var success: SIMD8<Double>
    /// Weight of failure, b/κ.
    var failure: SIMD8<Double>
    /// All weight in the urn.
    var total: SIMD8<Double>
    /// Weight that a draw adds, 1/κ.
    var step: SIMD8<Double>

    /// The urns of up to eight beliefs; the lanes beyond are empty coins that always fail.
    init(_ beliefs: ArraySlice<Belief>) {
        precondition(beliefs.count <= SIMD8<Double>.scalarCount, "RolloutUrn: \(beliefs.count) beliefs in 8 lanes")
        success = .zero
        failure = SIMD8(repeating: 1)
        total = SIMD8(repeating: 1)
        step = .zero
        for (lane, belief) in beliefs.enumerated() {
            success[lane] = belief.mean
            failure[lane] = 1 - belief.mean
            // Below this κ the first draw settles all others to the last digit, and 1/κ must not overflow.
            step[lane] = 1 / max(belief.kappa, 1e-300)
        }
    }

    /// The urn as it is once one success and two failures have been drawn: Beta(a + 1, b + 2).
    var tilted: RolloutUrn {
        var urn = self
        urn.success += step
        urn.failure += step + step
        urn.total += step + step + step
        return urn
    }

    /// E[p·q²]: the chance of drawing a success and then two failures.
    var successAndTwoFailures: SIMD8<Double> {
        let second = total + step
        return success / total * (failure / second) * ((failure + step) / (second + step))
    }
}
