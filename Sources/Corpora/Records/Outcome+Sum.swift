import Scoring

// Rows of single rollouts, summed to k of n.

extension Outcome {
    /// The outcome of both sets of rollouts together. A sum beyond the largest number keeps the first.
    func adding(_ other: Outcome) -> Outcome {
        let (count, isBeyond) = n.addingReportingOverflow(other.n)
        guard !isBeyond else { return self }
        // Successes of k of n are whole again, so that sums of them stay exact.
        let sum = successes + other.successes
        let whole = sum.rounded()
        let mean = (abs(sum - whole) < 1e-9 ? whole : sum) / Double(count)
        return Outcome(reward: min(1, max(0, mean)), n: count) ?? self
    }
}

extension RolloutExpense {
    /// The mean over both sets of rollouts; what only one of them has is kept.
    func mean(with other: RolloutExpense, weights: (Int, Int)) -> RolloutExpense {
        RolloutExpense(
            responseTokens: Self.mean(responseTokens, other.responseTokens, weights),
            cost: Self.mean(cost, other.cost, weights))
    }

    private static func mean(_ left: Double?, _ right: Double?, _ weights: (Int, Int)) -> Double? {
        guard let left, let right else { return left ?? right }
        let first = Double(weights.0), second = Double(weights.1)
        return (left * first + right * second) / (first + second)
    }
}
