import Foundation

/// 1 − p^B − q^B, the probability that a group has both outcomes and so a non-zero advantage (DAPO's filter,
/// Reinforce-Ada). Concave in B; a further rollout gains q^B·p + p^B·q.
struct MixedGroupProbability: ObjectiveFunction {
    init(budgetMax: Int) {}

    /// The smaller of p and q goes through `log1p`, so no precision is lost where it is tiny.
    static func value(of budget: Int, at p: Double) -> Double {
        let small = min(p, 1 - p)
        return max(0, -expm1(Double(budget) * log1p(-small)) - pow(small, Double(budget)))
    }

    mutating func fill(_ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int) {
        Self.fill(&values, urn: urn, upTo: budgetMax, scale: UtilityBlock.Lanes(repeating: 1))
    }

    /// The curve times a factor; `InformationGain` uses it as well.
    static func fill(
        _ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int, scale: UtilityBlock.Lanes
    ) {
        var allFailed = urn.failure / urn.total
        var allSucceeded = urn.success / urn.total
        var failure = urn.failure + urn.step
        var success = urn.success + urn.step
        var total = urn.total + urn.step
        var mixed = UtilityBlock.Lanes.zero
        for budget in stride(from: 1, through: budgetMax, by: 1) {
            values[budget] = mixed * scale
            let inverse = 1 / total
            mixed += (allFailed * urn.success + allSucceeded * urn.failure) * inverse
            allFailed *= failure * inverse
            allSucceeded *= success * inverse
            failure += urn.step
            success += urn.step
            total += urn.step
        }
    }

    static func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double {
        let uniform = record.uniformOutcomes(of: budget)
        return max(0, 1 - uniform.allFailed - uniform.allSucceeded)
    }

    static func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double { 1 }
}
