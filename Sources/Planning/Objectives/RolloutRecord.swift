/// Recorded rollouts of one prompt, from which a group can be drawn without replacement.
package struct RolloutRecord: Hashable, Sendable {
    /// Rollouts that succeeded.
    package let successes: Int
    /// All rollouts, at least 1.
    package let rollouts: Int

    /// Precondition of its users: 0 ≤ successes ≤ rollouts and rollouts ≥ 1.
    package init(successes: Int, rollouts: Int) {
        self.successes = successes
        self.rollouts = rollouts
    }

    /// Rollouts that failed.
    var failures: Int { rollouts - successes }
    /// Share of successes.
    package var rate: Double { Double(successes) / Double(rollouts) }

    /// Probabilities that a group of `budget` rollouts drawn without replacement has failures only, or successes only.
    func uniformOutcomes(of budget: Int) -> (allFailed: Double, allSucceeded: Double) {
        var (allFailed, allSucceeded) = (1.0, 1.0)
        for drawn in 0..<budget {
            let left = Double(rollouts - drawn)
            allFailed *= Double(max(0, failures - drawn)) / left
            allSucceeded *= Double(max(0, successes - drawn)) / left
        }
        return (allFailed, allSucceeded)
    }
}
