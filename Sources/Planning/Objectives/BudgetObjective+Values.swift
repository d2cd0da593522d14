public import Scoring

// Values of the objectives. The list of their implementations is here; each implementation has a file of its own.
//
// All objectives are 0 for B < 2 and for p = 0 or 1. None falls when a rollout is added, because each is the
// expectation of something that a further rollout cannot reduce. So a plan can always spend its whole total.
//
// Under a belief the value is the expectation over Beta(a, b). It is exact, neither sampled nor integrated: rollouts
// under a Beta belief are draws from Pólya's urn, which returns each colour together with one more of it. The
// recurrences that work for a coin work for the urn too (`RolloutUrn`).

extension BudgetObjective {
    /// The implementation of each objective.
    var function: any ObjectiveFunction.Type {
        switch self {
        case .expectedContrast: ExpectedContrast.self
        case .mixedGroupProbability: MixedGroupProbability.self
        case .informationGain: InformationGain.self
        case .advantageMass: AdvantageMass.self
        }
    }

    /// Value of `budget` rollouts at a known success probability. In rollouts (`expectedContrast`, `advantageMass`) or
    /// as a probability.
    ///
    /// Precondition: `budget ≥ 0` and 0 ≤ p ≤ 1. Cost: O(1), `advantageMass` O(budget).
    public func value(of budget: Int, at p: Double) -> Double {
        precondition(budget >= 0 && p >= 0 && p <= 1, "\(self): value of \(budget) rollouts at \(p)")
        guard budget > 1, p > 0, p < 1 else { return 0 }
        return function.value(of: budget, at: p)
    }

    /// Expected value of `budget` rollouts under a belief. Cost: that of `curve` up to `budget`.
    ///
    /// Precondition: `budget ≥ 0`.
    public func expectedValue(of budget: Int, under belief: Belief) -> Double {
        precondition(budget >= 0, "\(self): value of \(budget) rollouts")
        return curve(under: belief, upTo: budget)[budget]
    }

    /// Expected values of 0, 1, … `budgetMax` rollouts under a belief: `(budgetMax + 1)`.
    ///
    /// Cost: O(budgetMax); `advantageMass` O(budgetMax²).
    public func curve(under belief: Belief, upTo budgetMax: Int) -> [Double] {
        precondition(budgetMax >= 0, "\(self): curve up to \(budgetMax) rollouts")
        var block = UtilityBlock(objective: self, budgetMax: budgetMax)
        block.fill([belief][...], upTo: budgetMax)
        return block.values.map { $0[0] }
    }

    /// Expected value of a group of `budget` rollouts drawn from a record without replacement.
    ///
    /// Precondition: 2 ≤ budget ≤ `record.rollouts`.
    package func value(of budget: Int, drawnFrom record: RolloutRecord) -> Double {
        function.value(of: budget, drawnFrom: record)
    }

    /// Value of a finished group. Its expectation over groups is the objective.
    ///
    /// - Parameter weight: p·q², or its expectation once the group is known; only `informationGain` uses it.
    package func realised(successes: Int, of budget: Int, weight: () -> Double) -> Double {
        guard successes > 0, successes < budget else { return 0 }
        return function.realised(successes: successes, of: budget, weight: weight)
    }
}
