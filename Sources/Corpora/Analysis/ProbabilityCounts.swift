import Foundation

/// The distribution of predicted probabilities in constant memory: a histogram, and the sums that a report needs.
package struct ProbabilityCounts: Hashable, Sendable {
    /// Number of bins of equal width over [0, 1].
    package static let binCount = 20

    /// Number of probabilities.
    package private(set) var rows = 0
    /// Rows by bin. A value on a border belongs to the bin above it; 1 belongs to the last bin.
    package private(set) var bins = [Int](repeating: 0, count: Self.binCount)
    /// Rows with p of at most `margin`.
    package private(set) var nearZero = 0
    /// Rows with p of at least 1 − `margin`.
    package private(set) var nearOne = 0

    /// Rows whose prompt was not read to its end.
    package private(set) var truncated = 0

    private var sum = 0.0
    private var silentSum = 0.0
    private let rollouts: Int
    private let margin: Double

    /// `rollouts` is the size of a group, at least 1; `margin` is what counts as near 0 or 1, in [0, 0.5].
    package init(rollouts: Int, margin: Double) {
        self.rollouts = rollouts
        self.margin = margin
    }

    /// Adds a belief: its mean, and its concentration κ above 0, infinity where p is taken as certain. A mean outside [0, 1]
    /// is moved to the nearer end. Cost: up to `rollouts` steps.
    package mutating func add(_ probability: Float, kappa: Float = .infinity, isTruncated: Bool = false) {
        if isTruncated { truncated += 1 }
        let p = Self.clamped(Double(probability))
        rows += 1
        bins[min(Self.binCount - 1, Int(p * Double(Self.binCount)))] += 1
        // Scores are 32-bit numbers: 0.95 as one of them is a little below 0.95.
        if p <= margin + 1e-6 { nearZero += 1 }
        if p >= 1 - margin - 1e-6 { nearOne += 1 }
        sum += p
        silentSum += allSucceed(p, Double(kappa)) + allSucceed(1 - p, Double(kappa))
    }

    /// The chance that all rollouts of a group succeed: E(pⁿ) under Beta(κp, κ(1 − p)), a product of (κp + i) / (κ + i).
    private func allSucceed(_ p: Double, _ kappa: Double) -> Double {
        guard kappa > 0, kappa < 1e12 else { return pow(p, Double(rollouts)) }
        var chance = 1.0
        for number in 0..<rollouts where chance > 1e-12 {
            chance *= (kappa * p + Double(number)) / (kappa + Double(number))
        }
        return chance
    }

    /// The mean of p; 0 without rows.
    package var mean: Double { share(sum) }
    /// The expected share of groups whose rollouts all succeed or all fail: the mean of pⁿ + (1 − p)ⁿ over beliefs.
    package var silentShare: Double { min(1, share(silentSum)) }
    /// The share of rows whose prompt was not read to its end.
    package var truncatedShare: Double { share(Double(truncated)) }
    /// The share of rows near 0.
    package var nearZeroShare: Double { share(Double(nearZero)) }
    /// The share of rows near 1.
    package var nearOneShare: Double { share(Double(nearOne)) }

    private func share(_ part: Double) -> Double { rows == 0 ? 0 : part / Double(rows) }

    private static func clamped(_ p: Double) -> Double { p > 0 ? min(p, 1) : 0 }
}
