/// What a group of B rollouts on a prompt is worth to training: the choices, by the names that files, the wire and HTTP
/// use.
///
/// `Planning` has their values, and says how they are computed.
public enum BudgetObjective: String, CaseIterable, Codable, Hashable, Sendable {
    /// B·q·(1 − q^(B−1)): the expected number of failed rollouts in a group that also holds a success
    /// (V0, arXiv 2602.03584, eq. 10). Not concave in B.
    ///
    /// A further rollout gains q·(1 − q^B) + B·p·q^B ≥ 0. Under a belief the gain rises while 2b + B(1 − a) > 0 and
    /// falls after: for a ≤ 1 the curve is convex everywhere, so such a prompt gets nearly all or nearly nothing.
    case expectedContrast
    /// 1 − p^B − q^B: the chance that the group has both outcomes, hence a non-zero advantage (DAPO's filter,
    /// Reinforce-Ada). Concave in B; a further rollout gains q^B·p + p^B·q.
    case mixedGroupProbability
    /// (1 − p^B − q^B)·p·q² (Knapsack RL, arXiv 2509.25849). Concave in B.
    case informationGain
    /// Σ_k C(B,k) p^k q^(B−k)·2√(k(B−k)): the expected L1 norm of GRPO's normalised advantages (V0, appendix C,
    /// before its proxy). A further rollout raises k or B − k, and with it the root.
    ///
    /// It is linear in the binomial distribution of k, so its expectation under a belief is the same sum over the
    /// beta-binomial distribution, exactly.
    case advantageMass
}
