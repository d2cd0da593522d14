import Kernels
import Scoring

/// Covariances of a context's rows under the regression's settings: what all settings share is computed once.
struct CompactHeadCovariance {
    private let constants: CompactHeadConstants
    private let rows: Int
    private let blocks: Int
    /// `(N, N)` in blocks of eight columns, lower triangle of blocks.
    private let radial: [SIMD8<Double>]
    /// `(blocks, 36)`: six columns and thirty surface features of eight rows, side by side.
    private let linear: [SIMD8<Double>]

    /// `(N, N)`, lower triangle of blocks; empty where no setting has a linear kernel.
    private let cosines: [SIMD8<Float>]
    /// Of embeddings less their mean.
    let centred: CentredKernel
    /// Of character runs, `(N, N)`, lower triangle.
    private let grams: [Double]?
    private let gramScale: Double

    private static let linearCount = CompactHeadConfiguration.factors + SurfaceFeatures.count

    /// Computes the radial kernel. Cost: N²/2 dot products of embeddings.
    init(constants: CompactHeadConstants, inputs: CompactHeadInputs) {
        self.constants = constants
        let embeddings = EmbeddingRows(inputs.features, columns: inputs.embeddingColumns)
        let kernel = RadialKernel(gamma: constants.gamma)
        let (prompts, standardised) = (inputs.prompts, inputs.standardised)
        grams = inputs.grams?.kernel
        gramScale = inputs.grams?.isWide == true ? constants.wide : 1
        rows = embeddings.count
        blocks = embeddings.blocks
        var radial = [SIMD8<Double>](repeating: .zero, count: rows * blocks)
        let isLinear = constants.settings.contains { $0.linear != 0 }
        var cosines = [SIMD8<Float>](repeating: .zero, count: isLinear ? rows * blocks : 0)
        for row in 0..<rows {
            let query = embeddings.row(row)
            for block in 0...(row / 8) {
                let found = embeddings.cosines(query, block: block)
                radial[row * blocks + block] = kernel(found)
                if isLinear { cosines[row * blocks + block] = found }
            }
        }
        self.radial = radial
        self.cosines = cosines
        centred = CentredKernel(sums: Self.sums(cosines, rows: rows, blocks: blocks))
        let (factors, features) = (CompactHeadConfiguration.factors, SurfaceFeatures.count)
        var linear = [SIMD8<Double>](repeating: .zero, count: blocks * Self.linearCount)
        for row in 0..<rows {
            let start = row / 8 * Self.linearCount
            for column in 0..<factors {
                linear[start + column][row % 8] = prompts.columns[row * (factors + 1) + 1 + column]
            }
            for feature in 0..<features {
                linear[start + factors + feature][row % 8] = standardised[row * features + feature]
            }
        }
        self.linear = linear
    }

    /// The factor of one setting's covariance with the rows' noise on its diagonal, and another matrix `(N, N)` added; `nil`
    /// where it is not positive definite.
    func factor(
        _ setting: CompactHeadConstants.Setting, noise: [Double], added: [Double]?
    ) -> (any PositiveFactor)? {
        var matrix = matrix(setting)
        guard constants.references != nil else {
            return Cholesky(matrix, stride: rows, count: rows, ridge: noise)
        }
        if let added { for index in matrix.indices { matrix[index] += added[index] } }
        return SymmetricFactor(matrix, stride: rows, count: rows, ridge: noise)
    }

    /// Log evidence of the first setting on the leading rows, with another matrix of these added.
    func evidence(noise: [Double], added: [Double], rows count: Int, residual: [Double]) -> Double {
        guard let setting = constants.settings.first else { return -.infinity }
        let whole = matrix(setting)
        var sum = added
        for row in 0..<count {
            for column in 0...row { sum[row * count + column] += whole[row * rows + column] }
        }
        guard let factor = SymmetricFactor(sum, stride: count, count: count, ridge: noise) else { return -.infinity }
        return -factor.forward(residual).reduce(0) { $0 + $1 * $1 } / 2 - factor.logDeterminant / 2
    }

    /// By row: the sum of its cosines with all rows.
    private static func sums(_ cosines: [SIMD8<Float>], rows: Int, blocks: Int) -> [Double] {
        guard !cosines.isEmpty else { return [] }
        var sums = [Double](repeating: 0, count: rows)
        for row in 0..<rows {
            for other in 0...row {
                let cosine = Double(cosines[row * blocks + other / 8][other % 8])
                sums[row] += cosine
                if other < row { sums[other] += cosine }
            }
        }
        return sums
    }

    private func matrix(_ setting: CompactHeadConstants.Setting) -> [Double] {
        let scales =
            constants.columnVariance.map { $0 * setting.factor }
            + constants.surfaceVariance.map { $0 * setting.surface }
        let count = Self.linearCount
        var matrix = [Double](repeating: 0, count: rows * rows)
        var scaled = [Double](repeating: 0, count: count)
        for row in 0..<rows {
            let own = row / 8 * count
            for index in 0..<count { scaled[index] = scales[index] * linear[own + index][row % 8] }
            for block in 0...(row / 8) {
                var sum = SIMD8(repeating: constants.levelVariance)
                sum.addProduct(SIMD8(repeating: setting.smooth), radial[row * blocks + block])
                let other = block * count
                for index in 0..<count { sum.addProduct(SIMD8(repeating: scaled[index]), linear[other + index]) }
                let start = row * rows + block * 8
                for lane in 0..<min(8, rows - block * 8) { matrix[start + lane] = sum[lane] }
            }
        }
        if setting.linear != 0 {
            for row in 0..<rows {
                for other in 0...row {
                    let cosine = Double(cosines[row * blocks + other / 8][other % 8])
                    matrix[row * rows + other] += setting.linear * centred.value(row, other, cosine: cosine)
                }
            }
        }
        if let grams, setting.gram != 0 {
            let scale = setting.gram * gramScale
            for row in 0..<rows {
                for index in row * rows...row * rows + row { matrix[index] += scale * grams[index] }
            }
        }
        return matrix
    }
}
