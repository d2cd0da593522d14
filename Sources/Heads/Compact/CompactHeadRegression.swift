import Foundation
import Scoring

/// Step 3 of the head, as a query sees it: all settings together are one weight a context row for the radial part, one
/// a column or surface feature, and two numbers.
struct CompactHeadRegression: Sendable {
    private let embeddings: EmbeddingRows
    private let kernel: RadialKernel
    /// By block of eight context rows; 0 beyond the last row.
    private let radial: [SIMD8<Double>]
    private let columns: [Double]
    private let surface: [Double]
    private let constant: Double
    private let slope: Double

    /// Collects the odds' average of the settings' solutions (K, N); `standardised` is the context's `(N, 30)`.
    init(
        constants: CompactHeadConstants, embeddings: EmbeddingRows, kernel: RadialKernel, level: Double,
        prompts: CompactHeadPrompts, standardised: [Double], odds: [Double], solutions: [[Double]]
    ) {
        let (factors, features) = (CompactHeadConfiguration.factors, SurfaceFeatures.count)
        let rows = embeddings.count
        var radial = [SIMD8<Double>](repeating: .zero, count: embeddings.blocks)
        var columns = [Double](repeating: 0, count: factors)
        var surface = [Double](repeating: 0, count: features)
        var (total, slope, share) = (0.0, 0.0, 0.0)
        for (k, setting) in constants.settings.enumerated() where odds[k] > 0 {
            slope += odds[k] * setting.slope
            share += odds[k] * setting.share
            for row in 0..<rows {
                let weight = odds[k] * solutions[k][row]
                total += weight
                radial[row / 8][row % 8] += weight * setting.smooth
                for column in 0..<factors {
                    columns[column] +=
                        weight * setting.factor * prompts.columns[row * (factors + 1) + 1 + column]
                }
                for feature in 0..<features {
                    surface[feature] += weight * setting.surface * standardised[row * features + feature]
                }
            }
        }
        for column in 0..<factors { columns[column] *= constants.columnVariance[column] }
        for feature in 0..<features {
            surface[feature] =
                surface[feature] * constants.surfaceVariance[feature] + share * constants.surfacePrior[feature]
        }
        self.embeddings = embeddings
        self.kernel = kernel
        self.radial = radial
        self.columns = columns
        self.surface = surface
        constant = level + constants.levelVariance * total
        self.slope = slope
    }

    /// Log-odds of queries by the regression alone; `standardised` is their `(Q, 30)`. Cost: N dot products each.
    func logOdds(
        _ queries: FeatureMatrix, rows: Range<Int>, prompts: CompactHeadPrompts, standardised: [Double]
    ) -> [Double] {
        let stride = CompactHeadConfiguration.columns
        return (0..<rows.count).map { row in
            let features = queries.row(rows.lowerBound + row).prefix(CompactHeadConfiguration.embeddingColumns)
            let query = EmbeddingRows.vectors(features)[...]
            var sum = SIMD8<Double>.zero
            for block in radial.indices {
                sum.addProduct(radial[block], kernel(embeddings.cosines(query, block: block)))
            }
            var result = constant + slope * prompts.difficulty(row) + sum.sum()
            for column in columns.indices {
                result += columns[column] * prompts.columns[row * stride + 1 + column]
            }
            for feature in surface.indices {
                result += surface[feature] * standardised[row * surface.count + feature]
            }
            return result
        }
    }
}
