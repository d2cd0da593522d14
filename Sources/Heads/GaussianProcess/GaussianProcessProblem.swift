import Foundation
import Kernels
import Scoring

/// What the Gaussian process with side information has to explain: rewards less what the prior says, with the text's
/// kernel and the rows' noise.
struct GaussianProcessProblem {
    let kernel: TextKernel
    let rewards: [Double]
    /// By surface feature: its weight before the context is seen.
    let prior: [Double]
    /// Mean over rows of what that prior says.
    let priorMean: Double
    private let matrix: [Double]
    private let residual: [Double]
    /// By row, with mean 1.
    private let noise: [Double]
    private let rewardDeviation: Double

    /// Noise levels while amplitudes of covariates are chosen.
    private static let amplitudeRidges = [0.3, 1, 3, 10, 30]

    /// The result of `fit`.
    struct Fit {
        /// Weight of each row.
        var alpha: [Double]
        /// Weights of the reference columns.
        var coefficients = SIMD2<Double>.zero
        /// By row on which the noise is chosen: its score without itself.
        var leftOut: [Double]
    }

    /// One noise level's results.
    private struct Level {
        let ridge: Double
        let scores: [Double]
        let solved: Solved
        let inverse: [Double]
        let results: [ColumnUpdate.Result]
    }

    /// `features` are those of `ContextSet.texts`; at least one row.
    init(_ context: ContextSet, features: FeatureMatrix, baseRate: Double) {
        let rewards = context.rows.map(\.outcome.reward)
        let count = Double(rewards.count)
        let kernel = TextKernel(features.selecting(Array(rewards.indices)))
        matrix = kernel.matrix
        let mean = rewards.reduce(0, +) / count
        let deviation = (rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        let prior = GaussianProcessConstants.surfacePrior.map { $0 * deviation }
        let scores = rewards.indices.map { row in
            zip(kernel.standardised(row), prior).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let priorMean = scores.reduce(0, +) / count
        residual = rewards.indices.map { rewards[$0] - baseRate - (scores[$0] - priorMean) }
        let share = GaussianProcessRegression.overdispersion
        let raw = context.rows.map { share + (1 - share) / Double($0.outcome.n) }
        let rawMean = raw.reduce(0, +) / count
        noise = raw.map { $0 / rawMean }
        (self.rewards, self.prior, self.priorMean, rewardDeviation) = (rewards, prior, priorMean, deviation)
        self.kernel = kernel
    }

    /// Log evidence of the leading rows with a matrix added, averaged over noise levels.
    func evidence(added: [Double], rows: Int) -> Double {
        var sum = leading(rows)
        for index in sum.indices { sum[index] += added[index] }
        let scores = Self.amplitudeRidges.compactMap { ridge -> Double? in
            guard let factor = SymmetricFactor(sum, stride: rows, count: rows, ridge: noise.map { $0 * ridge })
            else { return nil }
            let white = factor.forward(Array(residual.prefix(rows)))
            let variance = white.reduce(0) { $0 + $1 * $1 } / Double(rows)
            return -Double(rows) / 2 * log(variance + 1e-12) - factor.logDeterminant / 2
        }
        guard let best = scores.max() else { return -.infinity }
        return best + log(scores.reduce(0) { $0 + exp($1 - best) })
    }

    /// Solves all noise levels and options of the columns, and averages them. Throws `kernel`.
    func fit(columns: ReferenceColumns?, covariates: Covariates?) throws(ValueModelError) -> Fit {
        let rows = rewards.count
        let chosen = min(rows, GaussianProcessRegression.selectionRows)
        let values = columns?.context ?? [SIMD2<Double>](repeating: .zero, count: rows)
        let options = ColumnOption.all(
            ColumnOption.untrained, nulls: columns?.nulls ?? [nil, nil], slopeUnit: rewardDeviation)
        let levels = levels(values, options: options, rows: chosen, covariates: covariates)
        guard let odds = EvidenceOdds.of(levels.flatMap(\.scores), least: GaussianProcessRegression.oddsMin) else {
            throw .kernel("the context's kernel matrix is not positive definite at any noise level")
        }
        var fit = Fit(alpha: [Double](repeating: 0, count: rows), leftOut: [Double](repeating: 0, count: chosen))
        for (index, level) in levels.enumerated() {
            let own = odds[index * options.count..<(index + 1) * options.count]
            let total = own.reduce(0, +)
            guard total > 0 else { continue }
            for (odd, result) in zip(own, level.results) where odd > 0 {
                for row in 0..<chosen {
                    let solution = level.solved.solution(row, result.coefficients)
                    let inverse = level.inverse[row] - result.loss(level.solved.columns[row])
                    fit.leftOut[row] += odd * (rewards[row] - solution / inverse)
                }
            }
            let (solved, results) =
                rows > chosen
                ? try refitted(values, options: options, ridge: level.ridge, covariates: covariates)
                : (level.solved, level.results)
            let mean = zip(own, results).reduce(SIMD2<Double>.zero) { $0 + $1.0 * $1.1.coefficients }
            fit.coefficients += mean
            for row in 0..<rows { fit.alpha[row] += total * solved.alpha[row] - (solved.columns[row] * mean).sum() }
        }
        return fit
    }

    /// A⁻¹r and A⁻¹Z.
    private struct Solved {
        let alpha: [Double]
        let columns: [SIMD2<Double>]

        init(_ factor: SymmetricFactor, _ white: White) {
            alpha = factor.backward(white.residual)
            let (first, second) = (factor.backward(white.columns.0), factor.backward(white.columns.1))
            columns = first.indices.map { SIMD2(first[$0], second[$0]) }
        }

        func solution(_ row: Int, _ coefficients: SIMD2<Double>) -> Double {
            alpha[row] - (columns[row] * coefficients).sum()
        }
    }

    /// L⁻¹r and L⁻¹Z.
    private struct White {
        let residual: [Double]
        let columns: ([Double], [Double])

        init(_ factor: SymmetricFactor, residual: [Double], columns values: [SIMD2<Double>]) {
            self.residual = factor.forward(Array(residual.prefix(factor.count)))
            let leading = values.prefix(factor.count)
            columns = (factor.forward(leading.map(\.x)), factor.forward(leading.map(\.y)))
        }

        var update: ColumnUpdate { ColumnUpdate(white: residual, columns: columns) }
    }

    private func levels(
        _ values: [SIMD2<Double>], options: [ColumnOption], rows: Int, covariates: Covariates?
    ) -> [Level] {
        let sum = total(rows, covariates)
        var best = -Double.infinity
        var levels: [Level] = []
        for ridge in GaussianProcessRegression.ridges {
            guard let factor = SymmetricFactor(sum, stride: rows, count: rows, ridge: noise.map { $0 * ridge })
            else { continue }
            let white = White(factor, residual: residual, columns: values)
            let results = options.map { white.update.result($0) }
            let scores = zip(options, results).map { option, result in
                // The signal's variance is the one that makes the evidence largest.
                let variance = max(0, result.quadratic) / Double(rows)
                return -Double(rows) / 2 * log(variance + 1e-12) - factor.logDeterminant / 2
                    - result.logDeterminantGain / 2 + option.logPrior
            }
            let score = scores.max() ?? -.infinity
            best = max(best, score)
            // What is far below another has odds of 0.
            guard score >= best + log(GaussianProcessRegression.oddsMin) else { continue }
            levels.append(
                Level(
                    ridge: ridge, scores: scores, solved: Solved(factor, white), inverse: factor.inverseDiagonal,
                    results: results))
        }
        return levels
    }

    /// One noise level on all rows, where it was chosen on fewer.
    private func refitted(
        _ values: [SIMD2<Double>], options: [ColumnOption], ridge: Double, covariates: Covariates?
    ) throws(ValueModelError) -> (Solved, [ColumnUpdate.Result]) {
        let rows = rewards.count
        guard
            let factor = SymmetricFactor(
                total(rows, covariates), stride: rows, count: rows, ridge: noise.map { $0 * ridge })
        else { throw .kernel("the context's kernel matrix is not positive definite at noise \(ridge)") }
        let white = White(factor, residual: residual, columns: values)
        return (Solved(factor, white), options.map { white.update.result($0) })
    }

    private func total(_ rows: Int, _ covariates: Covariates?) -> [Double] {
        var sum = leading(rows)
        if let added = covariates?.matrix(count: rows) { for index in sum.indices { sum[index] += added[index] } }
        return sum
    }

    /// The text's kernel between the leading rows, `(rows, rows)`.
    private func leading(_ rows: Int) -> [Double] {
        guard rows < rewards.count else { return matrix }
        return (0..<rows).flatMap { matrix[$0 * rewards.count..<$0 * rewards.count + rows] }
    }
}
