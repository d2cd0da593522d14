import Foundation
import Kernels
import Scoring

/// Step 5 of the head, as a query sees it: all settings together are one weight a context row for the radial part, one
/// a column or surface feature, and two numbers.
struct CompactHeadRegression: Sendable {
    private let embeddings: EmbeddingRows
    private let kernel: RadialKernel
    /// By block of eight context rows; 0 beyond the last row.
    private let radial: [SIMD8<Double>]
    /// The rows of the references' smoothing and, as second layer, the context's; `nil` without any.
    private let shared: WeightedRows?
    private let columns: [Double]
    private let surface: [Double]
    private let constant: Double
    private let embeddingColumns: Int
    private let grams: GramRegression?
    private let linear: CentredKernel.Combined
    private let references: ReferenceColumns?
    private let coefficients: SIMD2<Double>
    private let covariates: Covariates?
    /// By context row: weight of the covariates.
    private let alpha: [Double]
    private let slope: Double

    /// Collects the members' average.
    init(
        constants: CompactHeadConstants, inputs: CompactHeadInputs, level: Double, members: [CompactHeadMember],
        coefficients: SIMD2<Double>, centred: CentredKernel, covariates: Covariates?
    ) throws(ValueModelError) {
        let (factors, features) = (CompactHeadConfiguration.factors, SurfaceFeatures.count)
        let embeddings = EmbeddingRows(inputs.features, columns: inputs.embeddingColumns)
        let (prompts, standardised) = (inputs.prompts, inputs.standardised)
        var radial = [SIMD8<Double>](repeating: .zero, count: embeddings.blocks)
        var columns = [Double](repeating: 0, count: factors)
        var surface = [Double](repeating: 0, count: features)
        var grams = [Double](repeating: 0, count: embeddings.count)
        var (alpha, linear) = (grams, grams)
        var (total, slope, share) = (0.0, 0.0, 0.0)
        for member in members {
            let setting = member.setting
            if !member.isTwin {
                slope += member.odds * setting.slope
                share += member.odds * setting.share
            }
            for (row, weight) in member.weights.enumerated() {
                total += weight
                alpha[row] += weight
                grams[row] += weight * setting.gram
                linear[row] += weight * setting.linear
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
        embeddingColumns = inputs.embeddingColumns
        let kernel = RadialKernel(gamma: constants.gamma)
        shared = try inputs.references?.sharing(
            embeddings, weights: (0..<embeddings.count).map { radial[$0 / 8][$0 % 8] }, kernel: kernel)
        self.kernel = kernel
        references = inputs.references
        self.coefficients = coefficients
        self.covariates = covariates
        self.alpha = alpha
        self.grams = inputs.grams.map { known in
            let scale = known.isWide ? constants.wide : 1
            return known.combined(grams.map { $0 * scale })
        }
        self.linear = centred.combined(linear, embeddings: embeddings)
        self.radial = radial
        self.columns = columns
        self.surface = surface
        constant = level + constants.levelVariance * total + self.linear.constant
        self.slope = slope
    }

    /// Log-odds of queries by the regression alone; `standardised` is their `(Q, 30)`, `grams` their character runs, if they
    /// are known. Throws `kernel`. Cost: N dot products each.
    func logOdds(
        _ queries: QuerySet, rows: Range<Int>, prompts: CompactHeadPrompts, standardised: [Double],
        grams runs: (Int) -> CharacterGrams?
    ) throws(ValueModelError) -> [Double] {
        let stride = CompactHeadConfiguration.columns
        let asked = EmbeddingRows(queries.features, rows: rows, columns: embeddingColumns)
        let both = try sharedSums(asked)
        let sums = both?[1] ?? embeddings.sums(asked, weights: radial, kernel: kernel)
        let known = try references?.values(queries, rows: rows, sums: both?[0]) ?? []
        return (0..<rows.count).map { row in
            let place = rows.lowerBound + row
            var result = constant + slope * prompts.difficulty(row) + sums[row] + linear.value(asked.row(row))
            for column in columns.indices {
                result += columns[column] * prompts.columns[row * stride + 1 + column]
            }
            for feature in surface.indices {
                result += surface[feature] * standardised[row * surface.count + feature]
            }
            if let grams, let own = runs(place) { result += grams.value(own) }
            if !known.isEmpty { result += (known[row] * coefficients).sum() }
            if let covariates { result += covariates.value(queries.side(place), alpha: alpha) }
            return result
        }
    }

    private func sharedSums(_ queries: EmbeddingRows) throws(ValueModelError) -> [[Double]]? {
        do throws(KernelError) {
            return try shared?.sums(queries)
        } catch { throw .kernel(error.description) }
    }
}
