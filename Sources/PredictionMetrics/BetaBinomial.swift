internal import Foundation

/// The distribution of the number of successes among n rollouts under a Beta belief; the binomial one for κ = ∞.
public struct BetaBinomial: Hashable, Sendable {
    /// Mean success probability, in (0, 1).
    public let mean: Double
    /// Concentration κ, above 0.
    public let kappa: Double
    /// n, the number of rollouts; at least 1.
    public let rollouts: Int

    /// Precondition: mean in (0, 1), κ above 0, at least one rollout.
    public init(mean: Double, kappa: Double, rollouts: Int) {
        precondition(mean > 0 && mean < 1 && kappa > 0 && rollouts >= 1, "BetaBinomial: \(mean), \(kappa), \(rollouts)")
        self.mean = mean
        self.kappa = kappa
        self.rollouts = rollouts
    }

    /// P(k) for k = 0 … n. Computed by the ratio of successive terms, outward from the mean: no overflow, no
    /// cancellation.
    public var probabilities: [Double] {
        let n = rollouts
        var weights = [Double](repeating: 0, count: n + 1)
        let start = Int((mean * Double(n)).rounded())
        weights[start] = 1
        for k in start..<max(start, n) { weights[k + 1] = weights[k] * ratio(k) }
        for k in stride(from: start, to: 0, by: -1) { weights[k - 1] = weights[k] / ratio(k - 1) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// P(k + 1)/P(k), for 0 ≤ k < n.
    private func ratio(_ k: Int) -> Double {
        let (k, n) = (Double(k), Double(rollouts))
        let paths = (n - k) / (k + 1)
        // In units of κ, so that κ = ∞ is a coin.
        return paths * (mean + k / kappa) / (1 - mean + (n - k - 1) / kappa)
    }

    /// The range from the least k with P(≤ k) ≥ (1 − level)/2 to the least k with P(≤ k) ≥ (1 + level)/2, and its
    /// probability mass.
    public func central(_ level: Double) -> (range: ClosedRange<Int>, mass: Double) {
        var low: Int?
        var below = 0.0
        var sum = 0.0
        for (k, probability) in probabilities.enumerated() {
            sum += probability
            if low == nil, sum >= (1 - level) / 2 {
                low = k
                below = sum - probability
            }
            if let low, sum >= (1 + level) / 2 { return (low...k, sum - below) }
        }
        return ((low ?? 0)...rollouts, sum - below)
    }

    /// ln of the probability of one ordered sequence of rollouts with `successes` successes, which may be fractional.
    public func logLikelihood(successes: Double) -> Double {
        let failures = Double(rollouts) - successes
        // Above this κ the two formulas differ by less than the rounding error of lgamma.
        guard kappa < 1e7 else { return successes * log(mean) + failures * log1p(-mean) }
        let (a, b) = (mean * kappa, (1 - mean) * kappa)
        return lgamma(a + successes) - lgamma(a) + lgamma(b + failures) - lgamma(b) + lgamma(kappa)
            - lgamma(kappa + Double(rollouts))
    }
}
