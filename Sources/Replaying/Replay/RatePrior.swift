internal import Foundation
public import Planning

/// How the success rates of one policy vary over prompts: the Beta distribution that fits logged counts best.
///
/// The k/n of a small group is not the prompt's rate: of ten prompts that failed eight times out of eight, some would
/// have succeeded the ninth time. Their expected rate depends on how rates vary over prompts. Many small groups
/// together show that, although no single group does (empirical Bayes, beta-binomial).
public struct RatePrior: Hashable, Sendable {
    /// Mean rate.
    public let mean: Double
    /// Concentration κ.
    public let kappa: Double

    /// Bounds of the search for κ: below, every rate is 0 or 1; above, all rates are equal.
    private static let kappaRange = (least: 0.02, most: 1000.0)

    /// Fits κ by maximum likelihood at the counts' mean. `nil` without a group of two rollouts, or where all rollouts
    /// had the same outcome.
    ///
    /// - Parameter groups: Successes of rollouts, 0 ≤ k ≤ n; other groups are left out.
    ///
    /// Cost: about 60 passes over the distinct groups.
    public init?(_ groups: [(k: Int, n: Int)]) {
        var counts: [Group: Int] = [:]
        for group in groups where group.k >= 0 && group.k <= group.n && group.n > 0 {
            counts[Group(k: group.k, n: group.n), default: 0] += 1
        }
        let rollouts = counts.reduce(0) { $0 + $1.key.n * $1.value }
        let successes = counts.reduce(0) { $0 + $1.key.k * $1.value }
        guard counts.contains(where: { $0.key.n > 1 }), successes > 0, successes < rollouts else { return nil }
        let mean = Double(successes) / Double(rollouts)
        // In a fixed order, so that sums are the same in every run.
        let ordered = counts.sorted { ($0.key.n, $0.key.k) < ($1.key.n, $1.key.k) }
        let likelihood = { (logKappa: Double) in
            let kappa = exp(logKappa)
            return ordered.reduce(0.0) {
                $0 + Double($1.value) * $1.key.logLikelihood(mean * kappa, (1 - mean) * kappa)
            }
        }
        // Golden section search: at a fixed mean the likelihood has one maximum in κ.
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(Self.kappaRange.least), log(Self.kappaRange.most))
        for _ in 0..<60 {
            let (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
            if likelihood(left) < likelihood(right) { low = left } else { high = right }
        }
        self.mean = mean
        kappa = exp((low + high) / 2)
    }

    /// The belief about a prompt's rate after `k` successes of `n`.
    ///
    /// Precondition: 0 ≤ k ≤ n.
    public func posterior(k: Int, n: Int) -> Belief {
        precondition(k >= 0 && k <= n, "RatePrior: \(k) of \(n)")
        let total = kappa + Double(n)
        return Belief(uncheckedMean: min(1, (mean * kappa + Double(k)) / total), kappa: total)
    }

    private struct Group: Hashable {
        let k: Int
        let n: Int

        /// ln of the beta-binomial probability, without the binomial coefficient.
        func logLikelihood(_ a: Double, _ b: Double) -> Double {
            var sum = 0.0
            for i in 0..<k { sum += log(a + Double(i)) }
            for i in 0..<(n - k) { sum += log(b + Double(i)) }
            for i in 0..<n { sum -= log(a + b + Double(i)) }
            return sum
        }
    }
}
