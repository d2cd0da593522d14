import Foundation
import Kernels
import Scoring

/// What texts say of the references' residuals: a Gaussian process over the prompts that references have met.
///
/// So references help on prompts that they have not met. At its own prompts it gives leave-one-out values, because the
/// residual of the prompt itself is known there and is added beside.
struct ReferenceSmoothing: Sendable {
    /// By prompt of the pool: what the other prompts say of it.
    let leftOut: [Double]
    private let regression: TextRegression

    private static let ridges = [0.3, 1, 3, 10, 30]
    private static let oddsMin = 1e-3
    /// Of the noise, the share that more references do not remove.
    private static let noiseShare = 0.5

    /// Fits mean residuals with their counts, of features `(M, E + S)`, M ≥ 1; `progress` is called after each
    /// factorisation. `nil` where no noise makes the matrix positive definite: only if values are not finite.
    ///
    /// Cost: five factorisations of M³/6 multiply-adds, and as much again for every noise that counts.
    init?(
        features: FeatureMatrix, means: [Double], counts: [Double], progress: () -> Void
    ) throws(KernelError) {
        let rows = means.count
        let kernel = TextKernel(features)
        let matrix = kernel.matrix
        let raw = counts.map { Self.noiseShare + (1 - Self.noiseShare) / $0 }
        let rawMean = raw.reduce(0, +) / Double(rows)
        let noise = raw.map { $0 / rawMean }
        let precision = noise.reduce(0) { $0 + 1 / $1 }
        let level = zip(means, noise).reduce(0) { $0 + $1.0 / $1.1 } / precision
        let residual = means.map { $0 - level }

        var fits: [(evidence: Double, solution: [Double], leftOut: [Double])] = []
        for ridge in Self.ridges {
            guard let factor = SymmetricFactor(matrix, stride: rows, count: rows, ridge: noise.map { $0 * ridge })
            else { continue }
            let white = factor.forward(residual)
            let variance = white.reduce(0) { $0 + $1 * $1 } / Double(rows)
            let evidence = -Double(rows) / 2 * log(variance + 1e-12) - factor.logDeterminant / 2
            progress()
            // What is far below another has odds of 0, and its leave-one-out values are not needed.
            let best = fits.map(\.evidence).max() ?? -.infinity
            guard evidence >= best + log(Self.oddsMin) else { continue }
            let solution = factor.backward(white)
            let inverse = factor.inverseDiagonal
            progress()
            fits.append((evidence, solution, (0..<rows).map { means[$0] - solution[$0] / inverse[$0] }))
        }
        guard let odds = EvidenceOdds.of(fits.map(\.evidence), least: Self.oddsMin) else { return nil }
        var alpha = [Double](repeating: 0, count: rows)
        var leftOut = alpha
        for (fit, odd) in zip(fits, odds) where odd > 0 {
            for row in 0..<rows {
                alpha[row] += odd * fit.solution[row]
                leftOut[row] += odd * fit.leftOut[row]
            }
        }
        self.leftOut = leftOut
        regression = try kernel.combined(alpha, level: level)
    }

    /// The prompts' embeddings with their weights.
    var radial: WeightedRows { regression.radial }

    /// What texts say of other prompts, some rows of features `(Q, E + S)`. Cost: M dot products each, unless the sums over
    /// `radial` are given.
    func values(_ features: FeatureMatrix, rows: [Int], sums: [Double]?) throws(KernelError) -> [Double] {
        try regression.values(features, rows: rows, sums: sums)
    }
}
