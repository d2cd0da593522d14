import Scoring

/// Utility curves of eight prompts at once: expected values of 0…B rollouts under their beliefs.
///
/// **The urn.** Rollouts whose success probability is believed to be Beta(a, b) succeed one after the other like draws
/// from Pólya's urn: after i failures in a row the next succeeds with probability a/(a + b + i). Let F_B be the chance
/// that all of B rollouts fail (E[q^B]) and S_B that all succeed (E[p^B]). Then everything is a sum of non-negative
/// terms, so nothing cancels, however small p is or however large κ:
///
///     hit   h_B = a/(κ + B)      F_{B+1} = F_B·(1 − h_B)
///     miss  g_B = b/(κ + B)      S_{B+1} = S_B·(1 − g_B)
///     mixed group   M_{B+1} = M_B + F_B·h_B + S_B·g_B                      (1 − E[p^B] − E[q^B])
///     contrast      U_B = B·E[q]·D_B,  D_{B+1} = D_B + (1 − D_B)·h_B, D_1 = 0     (D_B = 1 − E[q^B]/E[q])
///
/// Divided by κ the same lines hold for the point estimate, whose urn does not learn (`step` = 0): no second code path.
/// `informationGain` is the mixed group under a tilted urn: p·q²·Beta(a, b) = E[p·q²]·Beta(a + 1, b + 2).
///
/// Eight prompts share a block because a recurrence waits for its own multiplications, and because AVX2 divides four
/// numbers in the time of one.
struct UtilityBlock {
    /// One number for each of eight prompts.
    typealias Lanes = SIMD8<Double>

    /// Prompts in a block.
    static let width = Lanes.scalarCount

    /// `(budgetMax + 1)` values a lane.
    private(set) var values: [Lanes]

    private let objective: BudgetObjective
    private let roots: [Double]
    private var successes: [Lanes]

    /// Room for curves up to `budgetMax` rollouts.
    init(objective: BudgetObjective, budgetMax: Int) {
        self.objective = objective
        values = [Lanes](repeating: .zero, count: budgetMax + 1)
        let usesRoots = objective == .advantageMass
        roots = usesRoots ? (0...budgetMax).map { Double($0).squareRoot() } : []
        successes = usesRoots ? [Lanes](repeating: .zero, count: budgetMax + 2) : []
    }

    /// Computes the curves of up to eight beliefs, no further than `budgetMax` rollouts; further lanes and values hold
    /// nothing of meaning.
    mutating func fill(_ beliefs: ArraySlice<Belief>, upTo budgetMax: Int) {
        precondition(budgetMax < values.count, "UtilityBlock: \(budgetMax) rollouts in room for \(values.count - 1)")
        let urn = RolloutUrn(beliefs)
        switch objective {
        case .expectedContrast: fillContrast(urn, budgetMax)
        case .mixedGroupProbability: fillMixed(urn, budgetMax, scale: Lanes(repeating: 1))
        case .informationGain: fillMixed(urn.tilted, budgetMax, scale: urn.successAndTwoFailures)
        case .advantageMass: fillAdvantageMass(urn, budgetMax)
        }
    }

    /// U_B = B·E[q]·D_B, where D_B is the chance of a success among the B − 1 others once one has failed.
    private mutating func fillContrast(_ urn: RolloutUrn, _ budgetMax: Int) {
        let failure = urn.failure / urn.total
        var total = urn.total + urn.step
        var failed = failure
        var othersMixed = Lanes.zero
        for budget in stride(from: 1, through: budgetMax, by: 1) {
            values[budget] = failed * othersMixed
            othersMixed += (1 - othersMixed) * (urn.success / total)
            total += urn.step
            failed += failure
        }
    }

    private mutating func fillMixed(_ urn: RolloutUrn, _ budgetMax: Int, scale: Lanes) {
        var allFailed = urn.failure / urn.total
        var allSucceeded = urn.success / urn.total
        var failure = urn.failure + urn.step
        var success = urn.success + urn.step
        var total = urn.total + urn.step
        var mixed = Lanes.zero
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

    /// The beta-binomial distribution of the successes grows a row at a time, as Pascal's triangle does.
    private mutating func fillAdvantageMass(_ urn: RolloutUrn, _ budgetMax: Int) {
        successes[0] = Lanes(repeating: 1)
        for budget in stride(from: 1, through: budgetMax, by: 1) {
            let drawn = Double(budget - 1)
            let inverse = 1 / (urn.total + drawn * urn.step)
            var mass = Lanes.zero
            successes[budget] = .zero
            for k in stride(from: budget, through: 1, by: -1) {
                let failing = (urn.failure + (drawn - Double(k)) * urn.step) * inverse
                let succeeding = (urn.success + Double(k - 1) * urn.step) * inverse
                // With k = budget there is nothing to fail from, and the weight of failure is below its start.
                successes[k] = (k < budget ? successes[k] * failing : .zero) + successes[k - 1] * succeeding
                mass += successes[k] * (roots[k] * roots[budget - k])
            }
            successes[0] *= (urn.failure + drawn * urn.step) * inverse
            values[budget] = 2 * mass
        }
    }
}
