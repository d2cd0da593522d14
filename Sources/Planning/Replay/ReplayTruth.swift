import Scoring

/// What a prompt's rollouts really come to, in a replay.
public enum ReplayTruth: Hashable, Sendable {
    /// Every rollout succeeds with this probability.
    ///
    /// The k/n of one small group is not such a rate: most hard prompts then count as hopeless, which flatters policies
    /// that shun them, and an oracle that knows k. On a public GRPO run (One-Shot RLVR, n = 8, records fused, mean 8 in
    /// [4, 32]) plans on the belief had 45 % of the oracle's gain by the k/8 of the visit itself and 84 % by that and the
    /// next three together, the paper's greedy 59 % and 74 %. So pool the present outcome with later ones, never with
    /// earlier ones that the belief has seen.
    case rate(Double)
    /// `successes` of so many recorded rollouts: they are drawn like balls from an urn, without putting back, and when
    /// the urn is empty it is filled again. So groups of up to `rollouts` are worth on average what they would have been
    /// in the log, with no flattery; larger ones are a guess.
    ///
    /// A guess that is wrong in one direction: a prompt that failed eight times of eight then fails for ever.
    case record(successes: Int, rollouts: Int)
    /// The rate is not known; this is believed of it, given what was logged (`RatePrior`). Rollouts are drawn from
    /// Pólya's urn, so that groups of any size are worth what is to be expected of them, and the oracle, which plans
    /// from the same belief, is not flattered: it knows the log and no more.
    case posterior(Belief)

    /// Share of successes.
    public var rate: Double {
        switch self {
        case .rate(let p): p
        case .record(let successes, let rollouts): Double(successes) / Double(rollouts)
        case .posterior(let belief): belief.mean
        }
    }

    /// What an oracle knows.
    var known: Belief {
        if case .posterior(let belief) = self { return belief }
        return Belief(uncheckedMean: rate, kappa: .infinity)
    }

    /// Throws `probabilityOutOfRange` or `recordOutOfRange`, naming the prompt.
    func check(promptID: String) throws(PlanningError) {
        switch self {
        case .rate(let p):
            guard p >= 0, p <= 1 else { throw .probabilityOutOfRange(promptID: promptID, value: p) }
        case .record(let successes, let rollouts):
            guard rollouts >= 1, successes >= 0, successes <= rollouts else {
                throw .recordOutOfRange(promptID: promptID, entry: 0, k: Double(successes), n: rollouts)
            }
        // A belief was checked where it was made.
        case .posterior: break
        }
    }

    /// Successes among the first `budget` rollouts of a prompt: the same seed has the same rollouts, however many are
    /// drawn and whoever asks, so policies are compared on the same luck.
    func successes(of budget: Int, promptID: String, seed: UInt64) -> Int {
        var generator = SeededGenerator(seed: StableHash(of: promptID, seed: seed).mixed)
        var (good, all) = (0, 0)
        var count = 0
        for drawn in 0..<budget {
            switch self {
            case .posterior(let belief):
                // Divided by κ, so that certainty is no special case.
                let (step, p) = (1 / belief.kappa, generator.unit())
                let success = (belief.mean + Double(count) * step) / (1 + Double(drawn) * step)
                count += p < success ? 1 : 0
            case .rate(let p): count += generator.unit() < p ? 1 : 0
            case .record(let successes, let rollouts):
                if all == 0 { (good, all) = (successes, rollouts) }
                let isSuccess = generator.unit() * Double(all) < Double(good)
                good -= isSuccess ? 1 : 0
                all -= 1
                count += isSuccess ? 1 : 0
            }
        }
        return count
    }

    /// Expected value of a budget. Cost: O(budget).
    func value(of budget: Int, _ objective: BudgetObjective) -> Double {
        if case .posterior(let belief) = self { return objective.expectedValue(of: budget, under: belief) }
        guard case .record(let successes, let rollouts) = self, budget <= rollouts, budget > 1 else {
            return objective.value(of: budget, at: rate)
        }
        let failures = rollouts - successes
        // Chances of so many failures or successes in a row, without putting back.
        var (allFailed, allSucceeded) = (1.0, 1.0)
        for drawn in 0..<budget {
            let left = Double(rollouts - drawn)
            allFailed *= Double(max(0, failures - drawn)) / left
            allSucceeded *= Double(max(0, successes - drawn)) / left
        }
        let mixed = max(0, 1 - allFailed - allSucceeded)
        switch objective {
        case .expectedContrast: return max(0, Double(budget) * (1 - rate - allFailed))
        case .mixedGroupProbability: return mixed
        case .informationGain: return mixed * rate * (1 - rate) * (1 - rate)
        case .advantageMass: return Self.advantageMass(budget, successes, failures)
        }
    }

    /// The expectation over the hypergeometric distribution of k, which grows draw by draw.
    private static func advantageMass(_ budget: Int, _ successes: Int, _ failures: Int) -> Double {
        var chances = [1.0] + [Double](repeating: 0, count: budget)
        for drawn in 0..<budget {
            let left = Double(successes + failures - drawn)
            for k in stride(from: drawn + 1, through: 0, by: -1) {
                let failed = k <= drawn ? chances[k] * Double(max(0, failures - drawn + k)) / left : 0
                let succeeded = k > 0 ? chances[k - 1] * Double(max(0, successes - k + 1)) / left : 0
                chances[k] = failed + succeeded
            }
        }
        return chances.enumerated().reduce(0) { sum, entry in
            sum + entry.element * 2 * (Double(entry.offset) * Double(budget - entry.offset)).squareRoot()
        }
    }
}

extension ReplayTruth {
    /// What a group of `budget` rollouts with `successes` came to; its expectation is the objective's value.
    func realised(successes: Int, of budget: Int, _ objective: BudgetObjective) -> Double {
        guard successes > 0, successes < budget else { return 0 }
        switch objective {
        case .expectedContrast: return Double(budget - successes)
        case .mixedGroupProbability: return 1
        case .informationGain: return weight(successes: successes, of: budget)
        case .advantageMass: return 2 * (Double(successes) * Double(budget - successes)).squareRoot()
        }
    }

    /// p·q², which `informationGain` weighs by: where the rate is not known, its expectation once the group is.
    private func weight(successes: Int, of budget: Int) -> Double {
        guard case .posterior(let belief) = self, belief.kappa.isFinite else { return rate * (1 - rate) * (1 - rate) }
        let a = belief.mean * belief.kappa + Double(successes)
        let b = (1 - belief.mean) * belief.kappa + Double(budget - successes)
        return a * b * (b + 1) / ((a + b) * (a + b + 1) * (a + b + 2))
    }
}
