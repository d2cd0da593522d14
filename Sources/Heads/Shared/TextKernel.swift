import Kernels
import Scoring

/// What two prompts have in common by their texts: the kernel of the Gaussian process that needs no training.
///
/// exp(−γ‖a − b‖²) of unit embeddings, plus a linear part on surface features, standardised among the rows it was made of.
/// `GaussianProcessRegression` has its own version of it, whose rounding is part of the fingerprint `gp/1`.
struct TextKernel: Sendable {
    /// N.
    var rows: Int { embeddings.count }
    private let embeddings: EmbeddingRows
    private let embeddingColumns: Int
    private let standardisation: SurfaceStandardisation
    /// `(blocks, 30)`: surface features of eight rows, side by side.
    private let surface: [SIMD8<Double>]
    private let radial = RadialKernel(gamma: GaussianProcessRegression.gamma)

    private static let features = SurfaceFeatures.count
    private static let share = GaussianProcessRegression.surfaceShare / Double(SurfaceFeatures.count)

    /// Of features `(N, E + S)` with N ≥ 1.
    init(_ features: FeatureMatrix) {
        embeddingColumns = features.columns - Self.features
        embeddings = EmbeddingRows(features, columns: embeddingColumns)
        standardisation = SurfaceStandardisation(
            context: (0..<features.rows).map { Array(features.row($0).suffix(Self.features)) })
        var surface = [SIMD8<Double>](repeating: .zero, count: embeddings.blocks * Self.features)
        for row in 0..<features.rows {
            let values = standardisation.standardise(features.row(row).suffix(Self.features))
            for (feature, value) in values.enumerated() { surface[row / 8 * Self.features + feature][row % 8] = value }
        }
        self.surface = surface
    }

    /// `(N, N)`, row-major, the lower triangle. Cost: N²/2 dot products of embeddings.
    var matrix: [Double] {
        var matrix = [Double](repeating: 0, count: rows * rows)
        for row in 0..<rows {
            let query = embeddings.row(row)
            let own = standardised(row).map { $0 * Self.share }
            for block in 0...(row / 8) {
                var sum = radial(embeddings.cosines(query, block: block))
                let other = block * Self.features
                for feature in own.indices { sum.addProduct(SIMD8(repeating: own[feature]), surface[other + feature]) }
                let start = row * rows + block * 8
                for lane in 0..<min(8, rows - block * 8) { matrix[start + lane] = sum[lane] }
            }
        }
        return matrix
    }

    /// One row's standardised surface features.
    func standardised(_ row: Int) -> [Double] {
        (0..<Self.features).map { surface[row / 8 * Self.features + $0][row % 8] }
    }

    /// What the rows' weights α make of any prompt: Σ_i α_i K(prompt, row i), and `prior` on its surface features beside.
    func combined(
        _ alpha: [Double], prior: [Double] = [], level: Double
    ) throws(KernelError) -> TextRegression {
        var weights = [SIMD8<Double>](repeating: .zero, count: embeddings.blocks)
        for (row, value) in alpha.enumerated() { weights[row / 8][row % 8] = value }
        var linear = prior.isEmpty ? [Double](repeating: 0, count: Self.features) : prior
        for (block, weight) in weights.enumerated() {
            for feature in linear.indices {
                linear[feature] += Self.share * (weight * surface[block * Self.features + feature]).sum()
            }
        }
        return TextRegression(
            radial: try WeightedRows(embeddings, weights: alpha, kernel: radial), columns: embeddingColumns,
            standardisation: standardisation, linear: linear, level: level)
    }
}

/// A fitted Gaussian process of a text: level, a weight a row, a weight a surface feature.
struct TextRegression: Sendable {
    /// One layer.
    let radial: WeightedRows
    /// E.
    fileprivate let columns: Int
    fileprivate let standardisation: SurfaceStandardisation
    fileprivate let linear: [Double]
    fileprivate let level: Double

    /// The posterior means at some rows of features `(Q, E + S)`. Cost: N dot products each, unless the sums over `radial`
    /// are given.
    func values(_ features: FeatureMatrix, rows: [Int], sums: [Double]? = nil) throws(KernelError) -> [Double] {
        var values: [Double]
        if let sums {
            values = sums
        } else {
            values = try radial.sums(EmbeddingRows(features, rows: rows, columns: columns))[0]
        }
        for (place, row) in rows.enumerated() {
            let surface = standardisation.standardise(features.row(row).suffix(linear.count))
            for feature in linear.indices { values[place] += surface[feature] * linear[feature] }
            values[place] += level
        }
        return values
    }
}
