import Scoring

/// One of the regressions that are averaged, as far as predictions need it: a setting or its twin, all options of the
/// reference columns together.
struct CompactHeadMember {
    /// What it divides among the kernels.
    let setting: CompactHeadConstants.Setting
    /// Whether it does not believe the difficulty.
    let isTwin: Bool
    /// Sum of its options' odds.
    let odds: Double
    /// By row: Σ odds · solution.
    let weights: [Double]
}

/// What a member is made of, before odds are known.
struct CompactHeadSolution {
    /// A⁻¹r.
    let alpha: [Double]
    /// A⁻¹Z.
    let columns: [SIMD2<Double>]
    /// The diagonal of A⁻¹.
    let inverse: [Double]
    /// By option of the reference columns.
    let results: [ColumnUpdate.Result]

    init(alpha: [Double], columns: [SIMD2<Double>], inverse: [Double], results: [ColumnUpdate.Result]) {
        (self.alpha, self.columns, self.inverse, self.results) = (alpha, columns, inverse, results)
    }

    /// Of a context without rows.
    init(withoutRows options: [ColumnOption]) {
        let update = ColumnUpdate(white: [], columns: ([], []))
        self.init(alpha: [], columns: [], inverse: [], results: options.map { update.result($0) })
    }

    /// By row: Σ odds · (target − solution / diagonal of the inverse), each option by its own.
    func leftOut(_ targets: [Double], odds: ArraySlice<Double>, into sums: inout [Double]) {
        for (odd, result) in zip(odds, results) where odd > 0 {
            for row in sums.indices {
                let solution = alpha[row] - (columns[row] * result.coefficients).sum()
                sums[row] += odd * (targets[row] - solution / (inverse[row] - result.loss(columns[row])))
            }
        }
    }

    /// Σ odds · coefficients.
    func coefficients(_ odds: ArraySlice<Double>) -> SIMD2<Double> {
        zip(odds, results).reduce(.zero) { $0 + $1.0 * $1.1.coefficients }
    }

    /// By row: Σ odds · solution.
    func weights(_ odds: ArraySlice<Double>) -> [Double] {
        let (total, mean) = (odds.reduce(0, +), coefficients(odds))
        return alpha.indices.map { total * alpha[$0] - (columns[$0] * mean).sum() }
    }
}
