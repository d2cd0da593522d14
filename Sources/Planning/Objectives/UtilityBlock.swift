import Scoring

/// Utility curves of eight prompts at once: expected values of 0…B rollouts under their beliefs.
///
/// **The urn.** If the success probability is believed to be Beta(a, b), successive rollouts behave like draws from
/// Pólya's urn: after i failures in a row the next rollout succeeds with probability a/(a + b + i). Let F_B be the
/// probability that all B rollouts fail (E[q^B]) and S_B that all succeed (E[p^B]). Then every objective is a sum of
/// non-negative terms, so nothing cancels, however small p or large κ is:
///
///     hit   h_B = a/(κ + B)      F_{B+1} = F_B·(1 − h_B)
///     miss  g_B = b/(κ + B)      S_{B+1} = S_B·(1 − g_B)
///     mixed group   M_{B+1} = M_B + F_B·h_B + S_B·g_B                      (1 − E[p^B] − E[q^B])
///     contrast      U_B = B·E[q]·D_B,  D_{B+1} = D_B + (1 − D_B)·h_B, D_1 = 0     (D_B = 1 − E[q^B]/E[q])
///
/// Divided by κ, the same lines hold for the point estimate, whose urn does not learn (`step` = 0). There is no second
/// code path.
///
/// Eight prompts share a block because a recurrence waits for its own multiplications, and because AVX2 divides four
/// numbers in the time of one.
struct UtilityBlock {
    /// One number for each of eight prompts.
    typealias Lanes = SIMD8<Double>

    /// Prompts in a block.
    static let width = Lanes.scalarCount

    /// `(budgetMax + 1)` values per lane.
    private(set) var values: [Lanes]

    private var function: any ObjectiveFunction

    /// Allocates memory for curves up to `budgetMax` rollouts.
    init(objective: BudgetObjective, budgetMax: Int) {
        values = [Lanes](repeating: .zero, count: budgetMax + 1)
        function = objective.function.init(budgetMax: budgetMax)
    }

    /// Computes the curves of up to eight beliefs, up to `budgetMax` rollouts. Other lanes and values are meaningless.
    mutating func fill(_ beliefs: ArraySlice<Belief>, upTo budgetMax: Int) {
        precondition(budgetMax < values.count, "UtilityBlock: \(budgetMax) rollouts in room for \(values.count - 1)")
        function.fill(&values, urn: RolloutUrn(beliefs), upTo: budgetMax)
    }
}
