internal import Foundation
internal import Scoring

/// The fitted regression: what a query's score is made of.
///
/// Posterior weights of the radial part stay one a context row; those of the linear part collapse to one a surface
/// feature, so a query costs N dot products of its embedding and little else.
struct GaussianProcessRegression: Sendable {
    /// N, rows of the context.
    let rows: Int
    private let embeddingColumns: Int
    /// Vectors of eight an embedding.
    private let width: Int
    /// `(N, E)`, rows padded to vectors of eight.
    private let embeddings: [SIMD8<Float>]
    /// Posterior weights, eight rows a vector, padded with zeros.
    private let alpha: [SIMD8<Double>]
    private let standardisation: SurfaceStandardisation
    /// By surface feature: prior mean and posterior weight together.
    private let linear: [Double]
    /// What a query of the context's mean would score without either part.
    private let offset: Double

    /// γ; with the surface's share chosen by AUC on held-out prompts of training policies. 0.75–3 differ by 0.003.
    static let gamma = 1.5
    /// Variance of the linear part as a share of the radial one's.
    static let surfaceShare = 0.12
    /// Noise over signal variance.
    static let ridges = [0.03, 0.1, 0.3, 1, 3, 10, 30, 100]
    /// What of a single rollout's noise more rollouts do not remove: the text does not determine the reward.
    static let overdispersion = 0.4
    /// Rows on which the noise is chosen; more would cost N³ eight times over and choose the same.
    static let selectionRows = 1024
    /// For odds below this no solution is computed.
    static let oddsMin = 1e-3

    /// Fits rewards; also gives leave-one-out scores of the first `selectionRows` rows at the likeliest noise.
    ///
    /// Throws `kernel` if no noise level gives a positive definite matrix, which only happens if values are not finite.
    static func fitting(
        features: FeatureMatrix, rewards: [Double], rollouts: [Double], baseRate: Double
    ) throws(ValueModelError) -> (GaussianProcessRegression, leftOut: [Double]) {
        let rows = rewards.count
        let columns = features.columns - SurfaceFeatures.count
        let embeddings = (0..<rows).flatMap { packed(features.row($0).prefix(columns)) }
        let width = (columns + 7) / 8
        let standardisation = SurfaceStandardisation(
            context: (0..<rows).map { Array(features.row($0).suffix(SurfaceFeatures.count)) })
        let surface = (0..<rows).map { standardisation.standardise(features.row($0).suffix(SurfaceFeatures.count)) }

        let mean = rewards.reduce(0, +) / Double(rows)
        let deviation = (rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)).squareRoot()
        let prior = GaussianProcessConstants.surfacePrior.map { $0 * deviation }
        let priorScores = surface.map { dot($0, prior) }
        let priorMean = priorScores.reduce(0, +) / Double(rows)
        let residual = (0..<rows).map { rewards[$0] - baseRate - (priorScores[$0] - priorMean) }
        let noise = rollouts.map { overdispersion + (1 - overdispersion) / $0 }
        let noiseMean = noise.reduce(0, +) / Double(rows)
        let relativeNoise = noise.map { $0 / noiseMean }

        let share = surfaceShare / Double(SurfaceFeatures.count)
        var kernel = [Double](repeating: 0, count: rows * rows)
        for row in 0..<rows {
            for column in 0...row {
                let cosine = dot(embeddings, row * width, embeddings, column * width, width)
                kernel[row * rows + column] =
                    radial(SIMD8(repeating: Double(cosine)))[0] + share * dot(surface[row], surface[column])
            }
        }

        let chosen = min(rows, selectionRows)
        var evidence: [Double] = []
        var likeliest: (factor: Cholesky, white: [Double])?
        var solutions: [[Double]] = []
        for ridge in ridges {
            guard
                let factor = Cholesky(
                    kernel, stride: rows, count: chosen, ridge: relativeNoise.prefix(chosen).map { $0 * ridge })
            else {
                evidence.append(-.infinity)
                solutions.append([])
                continue
            }
            let white = factor.forward(Array(residual.prefix(chosen)))
            // The signal's variance is the one that makes the evidence largest.
            let variance = white.reduce(0) { $0 + $1 * $1 } / Double(chosen)
            let logEvidence = -Double(chosen) / 2 * log(variance + 1e-12) - factor.logDeterminant / 2
            if logEvidence > (evidence.max() ?? -.infinity) { likeliest = (factor, white) }
            evidence.append(logEvidence)
            solutions.append(rows == chosen ? factor.backward(white) : [])
        }
        guard let likeliest, let best = evidence.max() else {
            throw .kernel("the context's kernel matrix is not positive definite at any noise level")
        }
        let odds = evidence.map { exp($0 - best) }.map { $0 < oddsMin ? 0 : $0 }
        let total = odds.reduce(0, +)
        var alpha = [Double](repeating: 0, count: rows)
        for (index, odd) in odds.enumerated() where odd > 0 {
            var solution = solutions[index]
            if rows > chosen {
                guard
                    let factor = Cholesky(
                        kernel, stride: rows, count: rows, ridge: relativeNoise.map { $0 * ridges[index] })
                else { throw .kernel("the context's kernel matrix is not positive definite at noise \(ridges[index])") }
                solution = factor.backward(factor.forward(residual))
            }
            for row in 0..<rows { alpha[row] += odd / total * solution[row] }
        }

        let solution = likeliest.factor.backward(likeliest.white)
        let inverseDiagonal = likeliest.factor.inverseDiagonal
        let leftOut = (0..<chosen).map { rewards[$0] - solution[$0] / inverseDiagonal[$0] }
        var linear = prior
        for feature in linear.indices {
            linear[feature] += share * (0..<rows).reduce(0) { $0 + surface[$1][feature] * alpha[$1] }
        }
        let regression = GaussianProcessRegression(
            rows: rows, embeddingColumns: columns, width: width, embeddings: embeddings, alpha: packed(alpha),
            standardisation: standardisation, linear: linear, offset: baseRate - priorMean)
        return (regression, leftOut)
    }

    /// The posterior mean of a query's reward before calibration; may leave [0, 1].
    func score(_ queries: FeatureMatrix, row: Int) -> Double {
        let features = queries.row(row)
        let query = Self.packed(features.prefix(embeddingColumns))
        var sum = SIMD8<Double>.zero
        for block in 0..<alpha.count {
            let first = block * 8
            let cosines = Self.cosines(query, embeddings, first, rows, width)
            sum += alpha[block] * Self.radial(SIMD8<Double>(cosines))
        }
        let surface = standardisation.standardise(features.suffix(SurfaceFeatures.count))
        return offset + sum.sum() + Self.dot(surface, linear)
    }

    private static let seriesCoefficients: [Double] = [
        1.0 / 40_320, 1.0 / 5_040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1,
    ]

    /// exp(−γ·(2 − 2c)), with c a cosine: the sixteenth power of a series on at most 0.375, within 1e-12.
    private static func radial(_ cosine: SIMD8<Double>) -> SIMD8<Double> {
        let one = SIMD8<Double>(repeating: 1)
        let minusOne = SIMD8<Double>(repeating: -1)
        let y = (cosine.clamped(lowerBound: minusOne, upperBound: one) - one) * SIMD8<Double>(repeating: gamma / 8)
        var series = SIMD8<Double>(repeating: 1.0 / 362_880)
        for coefficient in seriesCoefficients { series = series * y + SIMD8<Double>(repeating: coefficient) }
        let second = series * series
        let fourth = second * second
        let eighth = fourth * fourth
        return eighth * eighth
    }

    /// Dot products of a vector with eight rows from `first` on; 0 beyond the last row.
    ///
    /// Four rows at a time, each with a sum of its own, so the query is read a quarter as often and every product is
    /// summed in the same order at every row index.
    private static func cosines(
        _ query: [SIMD8<Float>], _ rows: [SIMD8<Float>], _ first: Int, _ count: Int, _ width: Int
    ) -> SIMD8<Float> {
        var cosines = SIMD8<Float>.zero
        for half in stride(from: 0, to: 8, by: 4) where first + half < count {
            if first + half + 4 <= count {
                let start = (first + half) * width
                var a = SIMD8<Float>.zero
                var b = SIMD8<Float>.zero
                var c = SIMD8<Float>.zero
                var d = SIMD8<Float>.zero
                for index in 0..<width {
                    let value = query[index]
                    a += value * rows[start + index]
                    b += value * rows[start + width + index]
                    c += value * rows[start + 2 * width + index]
                    d += value * rows[start + 3 * width + index]
                }
                cosines[half] = a.sum()
                cosines[half + 1] = b.sum()
                cosines[half + 2] = c.sum()
                cosines[half + 3] = d.sum()
            } else {
                for row in first + half..<count { cosines[row - first] = dot(query, 0, rows, row * width, width) }
            }
        }
        return cosines
    }

    private static func dot(
        _ a: [SIMD8<Float>], _ aStart: Int, _ b: [SIMD8<Float>], _ bStart: Int, _ width: Int
    ) -> Float {
        var sum = SIMD8<Float>.zero
        for index in 0..<width { sum += a[aStart + index] * b[bStart + index] }
        return sum.sum()
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }

    private static func packed(_ values: ArraySlice<Float>) -> [SIMD8<Float>] {
        var vectors = [SIMD8<Float>](repeating: .zero, count: (values.count + 7) / 8)
        for (index, value) in values.enumerated() { vectors[index / 8][index % 8] = value }
        return vectors
    }

    private static func packed(_ values: [Double]) -> [SIMD8<Double>] {
        var vectors = [SIMD8<Double>](repeating: .zero, count: (values.count + 7) / 8)
        for (index, value) in values.enumerated() { vectors[index / 8][index % 8] = value }
        return vectors
    }
}
