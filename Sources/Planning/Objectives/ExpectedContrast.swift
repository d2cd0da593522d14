import Foundation

/// B·q·(1 − q^(B−1)), the expected number of failures in a group that also contains a success
/// (V0, arXiv 2602.03584, eq. 10).
///
/// A further rollout gains q·(1 − q^B) + B·p·q^B ≥ 0. Under a belief Beta(a, b) the gain rises while
/// 2b + B(1 − a) > 0 and falls after that. For a ≤ 1 the curve is convex for ever, so such a prompt gets nearly all
/// rollouts or nearly none.
struct ExpectedContrast: ObjectiveFunction {
    init(budgetMax: Int) {}

    static func value(of budget: Int, at p: Double) -> Double {
        let q = 1 - p
        return -Double(budget) * q * expm1(Double(budget - 1) * log1p(-p))
    }

    /// U_B = B·E[q]·D_B, where D_B is the probability of a success among the B − 1 others, given one failure.
    mutating func fill(_ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int) {
        let failure = urn.failure / urn.total
        var total = urn.total + urn.step
        var failed = failure
        var othersMixed = UtilityBlock.Lanes.zero
        for budget in stride(from: 1, through: budgetMax, by: 1) {
            values[budget] = failed * othersMixed
            othersMixed += (1 - othersMixed) * (urn.success / total)
            total += urn.step
            failed += failure
        }
    }

    static func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double {
        max(0, Double(budget) * (1 - record.rate - record.uniformOutcomes(of: budget).allFailed))
    }

    static func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double {
        Double(budget - successes)
    }
}
