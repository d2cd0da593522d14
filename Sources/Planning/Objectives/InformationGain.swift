/// (1 − p^B − q^B)·p·q² (Knapsack RL, arXiv 2509.25849). Concave in B.
///
/// Under a belief it is the mixed-group curve of a tilted urn: p·q²·Beta(a, b) = E[p·q²]·Beta(a + 1, b + 2).
struct InformationGain: ObjectiveFunction {
    init(budgetMax: Int) {}

    static func value(of budget: Int, at p: Double) -> Double {
        let q = 1 - p
        return MixedGroupProbability.value(of: budget, at: p) * p * q * q
    }

    mutating func fill(_ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int) {
        MixedGroupProbability.fill(&values, urn: urn.tilted, upTo: budgetMax, scale: urn.successAndTwoFailures)
    }

    static func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double {
        let rate = record.rate
        return MixedGroupProbability.value(of: budget, drawnFrom: record) * rate * (1 - rate) * (1 - rate)
    }

    static func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double { weight() }
}
