public import Planning
internal import Scoring

/// Where the outcomes of a prompt's rollouts come from in a replay.
public enum ReplayTruth: Hashable, Sendable {
    /// Every rollout succeeds with this probability.
    ///
    /// The k/n of one small group is not such a rate. With it most hard prompts count as hopeless, which favours
    /// policies that avoid them, and an oracle that knows k. On a public GRPO run (One-Shot RLVR, n = 8, records fused,
    /// mean 8 in [4, 32]) plans on the belief had 45 % of the oracle's gain by the k/8 of the visit itself and 84 % by
    /// that and the next three together; the paper's greedy had 59 % and 74 %. So pool the present outcome with later
    /// ones, never with earlier ones, which the belief has already used.
    case rate(Double)
    /// `successes` of `rollouts` recorded rollouts, drawn without replacement. When all are drawn, the drawing starts
    /// again. So groups of up to `rollouts` have the same value on average as in the log; larger ones are a guess.
    ///
    /// The guess is wrong in one direction: a prompt that failed eight times of eight then fails for ever.
    case record(successes: Int, rollouts: Int)
    /// The rate is not known; this is the belief about it, given the log (`RatePrior`). Rollouts are drawn from Pólya's
    /// urn, so groups of any size have their expected value. The oracle plans from the same belief, so it has no unfair
    /// advantage: it knows the log and no more.
    case posterior(Belief)

    /// Share of successes.
    public var rate: Double {
        switch self {
        case .rate(let p): p
        case .record(let successes, let rollouts): RolloutRecord(successes: successes, rollouts: rollouts).rate
        case .posterior(let belief): belief.mean
        }
    }

    /// The belief that the oracle plans from.
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
        // A belief is checked where it is made.
        case .posterior: break
        }
    }

    /// Number of successes among the first `budget` rollouts of a prompt.
    ///
    /// The same seed gives the same rollouts for any budget and any strategy, so all strategies are compared on the
    /// same outcomes.
    func successes(of budget: Int, promptID: String, seed: UInt64) -> Int {
        var generator = SeededGenerator(seed: StableHash(of: promptID, seed: seed).mixed)
        var (good, all) = (0, 0)
        var count = 0
        for drawn in 0..<budget {
            switch self {
            case .posterior(let belief):
                // Divided by κ, so that a certain belief is no special case.
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
        return objective.value(of: budget, drawnFrom: RolloutRecord(successes: successes, rollouts: rollouts))
    }

    /// Value of a finished group of `budget` rollouts with `successes`; its expectation is `value`.
    func realised(successes: Int, of budget: Int, _ objective: BudgetObjective) -> Double {
        objective.realised(successes: successes, of: budget) { weight(successes: successes, of: budget) }
    }

    /// p·q², the weight of `informationGain`: where the rate is not known, its expectation given the group.
    private func weight(successes: Int, of budget: Int) -> Double {
        guard case .posterior(let belief) = self, belief.kappa.isFinite else { return rate * (1 - rate) * (1 - rate) }
        let a = belief.mean * belief.kappa + Double(successes)
        let b = (1 - belief.mean) * belief.kappa + Double(budget - successes)
        return a * b * (b + 1) / ((a + b) * (a + b + 1) * (a + b + 2))
    }
}
