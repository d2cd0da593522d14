import Foundation
public import Scoring

/// Values of the objectives: what a group of B rollouts on a prompt is worth to training, as a function of B and the
/// success probability p.
///
/// With q = 1 − p. All four are 0 for B < 2 and for p = 0 or 1, and none ever falls when a rollout is added: each is an
/// expectation of something that a further rollout cannot lessen (`BudgetObjective` proves it case by case). So a plan may
/// always spend its whole total.
///
/// Under a belief the value is its expectation over Beta(a, b). All four are exact, not sampled or integrated: seen as
/// Pólya's urn, rollouts under a Beta belief are draws that put their colour back with one more of it, and the same
/// recurrences that work for a coin work for the urn (`RolloutUrn`).
extension BudgetObjective {
    /// Value of `budget` rollouts at a known success probability, in rollouts (`expectedContrast`, `advantageMass`)
    /// or as a probability.
    ///
    /// Precondition: `budget ≥ 0` and 0 ≤ p ≤ 1. Cost: O(1), `advantageMass` O(budget).
    public func value(of budget: Int, at p: Double) -> Double {
        precondition(budget >= 0 && p >= 0 && p <= 1, "\(self): value of \(budget) rollouts at \(p)")
        guard budget > 1, p > 0, p < 1 else { return 0 }
        let q = 1 - p
        switch self {
        case .expectedContrast: return -Double(budget) * q * expm1(Double(budget - 1) * log1p(-p))
        case .mixedGroupProbability: return Self.mixed(budget, p)
        case .informationGain: return Self.mixed(budget, p) * p * q * q
        case .advantageMass: return Self.advantageMass(budget, p)
        }
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

    /// 1 − p^B − q^B. The smaller of p and q goes through `log1p`, so nothing is lost where it is tiny.
    private static func mixed(_ budget: Int, _ p: Double) -> Double {
        let small = min(p, 1 - p)
        return max(0, -expm1(Double(budget) * log1p(-small)) - pow(small, Double(budget)))
    }

    /// Weights of k successes by the ratio of neighbours, outward from the mode: no overflow, no cancellation.
    private static func advantageMass(_ budget: Int, _ p: Double) -> Double {
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
}
