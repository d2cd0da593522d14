/// Σ_k C(B,k) p^k q^(B−k)·2√(k(B−k)), the expected L1 norm of GRPO's normalised advantages (V0, appendix C, before its
/// proxy). A further rollout raises k or B − k, and so the root.
///
/// It is linear in the distribution of the number of successes k. So its expectation under a belief is the same sum
/// over the beta-binomial distribution, exactly.
struct AdvantageMass: ObjectiveFunction {
    /// √k by k.
    private let roots: [Double]
    /// Probabilities by number of successes; work space of `fill`.
    private var successes: [UtilityBlock.Lanes]

    init(budgetMax: Int) {
        roots = (0...budgetMax).map { Double($0).squareRoot() }
        successes = [UtilityBlock.Lanes](repeating: .zero, count: budgetMax + 2)
    }

    /// Weights of k successes by the ratio of successive terms, outward from the mode: no overflow, no cancellation.
    static func value(of budget: Int, at p: Double) -> Double {
        let odds = p / (1 - p)
        let mode = min(budget, Int(Double(budget + 1) * p))
        var weights = 0.0
        var mass = 0.0
        func add(_ k: Int, _ weight: Double) {
            weights += weight
            mass += weight * 2 * (Double(k) * Double(budget - k)).squareRoot()
        }
        var weight = 1.0
        for k in mode...budget {
            add(k, weight)
            weight *= odds * Double(budget - k) / Double(k + 1)
        }
        weight = 1
        for k in stride(from: mode, to: 0, by: -1) {
            weight *= Double(k) / (odds * Double(budget - k + 1))
            add(k - 1, weight)
        }
        return mass / weights
    }

    /// The beta-binomial distribution of the successes grows row by row, as Pascal's triangle does.
    mutating func fill(_ values: inout [UtilityBlock.Lanes], urn: RolloutUrn, upTo budgetMax: Int) {
        successes[0] = UtilityBlock.Lanes(repeating: 1)
        for budget in stride(from: 1, through: budgetMax, by: 1) {
            let drawn = Double(budget - 1)
            let inverse = 1 / (urn.total + drawn * urn.step)
            var mass = UtilityBlock.Lanes.zero
            successes[budget] = .zero
            for k in stride(from: budget, through: 1, by: -1) {
                let failing = (urn.failure + (drawn - Double(k)) * urn.step) * inverse
                let succeeding = (urn.success + Double(k - 1) * urn.step) * inverse
                // With k = budget no rollout failed, and the formula for `failing` does not apply.
                successes[k] = (k < budget ? successes[k] * failing : .zero) + successes[k - 1] * succeeding
                mass += successes[k] * (roots[k] * roots[budget - k])
            }
            successes[0] *= (urn.failure + drawn * urn.step) * inverse
            values[budget] = 2 * mass
        }
    }

    /// The expectation over the hypergeometric distribution of k, which grows draw by draw.
    static func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double {
        var chances = [1.0] + [Double](repeating: 0, count: budget)
        for drawn in 0..<budget {
            let left = Double(record.rollouts - drawn)
            for k in stride(from: drawn + 1, through: 0, by: -1) {
                let failed = k <= drawn ? chances[k] * Double(max(0, record.failures - drawn + k)) / left : 0
                let succeeded = k > 0 ? chances[k - 1] * Double(max(0, record.successes - k + 1)) / left : 0
                chances[k] = failed + succeeded
            }
        }
        return chances.enumerated().reduce(0) { sum, entry in
            sum + entry.element * 2 * (Double(entry.offset) * Double(budget - entry.offset)).squareRoot()
        }
    }

    static func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double {
        2 * (Double(successes) * Double(budget - successes)).squareRoot()
    }
}
