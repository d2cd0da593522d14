import Foundation

/// All options of reference columns on top of one factorised matrix A: each is a change of rank two, so none needs a
/// factorisation.
///
/// With r the residual, Z the columns, V and m an option's variances and slopes: the option's prior is r − Zm with the
/// matrix A + Z V Zᵀ, and (A + Z V Zᵀ)⁻¹ = A⁻¹ − A⁻¹Z M ZᵀA⁻¹.
struct ColumnUpdate {
    /// One option's result.
    struct Result {
        /// (r − Zm)ᵀ (A + Z V Zᵀ)⁻¹ (r − Zm).
        let quadratic: Double
        /// ln det(A + Z V Zᵀ) − ln det A.
        let logDeterminantGain: Double
        /// c: the columns' weights; the option's solution is A⁻¹r − A⁻¹Z c.
        let coefficients: SIMD2<Double>
        /// M, symmetric: both diagonal elements and the one beside them.
        let middle: (first: Double, second: Double, beside: Double)

        /// What a row's element of the inverse's diagonal loses; `solved` is its row of A⁻¹Z.
        func loss(_ solved: SIMD2<Double>) -> Double {
            middle.first * solved.x * solved.x + middle.second * solved.y * solved.y
                + 2 * middle.beside * solved.x * solved.y
        }
    }

    private let residualSquare: Double
    private let gram: (first: Double, second: Double, beside: Double)
    private let products: SIMD2<Double>

    /// `white` = L⁻¹r, `columns` = the two columns of L⁻¹Z, with A = L·Lᵀ.
    init(white: [Double], columns: ([Double], [Double])) {
        var (square, gram, products) = (0.0, (first: 0.0, second: 0.0, beside: 0.0), SIMD2<Double>.zero)
        for row in white.indices {
            let (value, first, second) = (white[row], columns.0[row], columns.1[row])
            square += value * value
            gram.first += first * first
            gram.second += second * second
            gram.beside += first * second
            products += value * SIMD2(first, second)
        }
        (residualSquare, self.gram, self.products) = (square, gram, products)
    }

    /// The result of an option.
    func result(_ option: ColumnOption) -> Result {
        let (m, root) = (option.slopes, SIMD2(option.variances.x.squareRoot(), option.variances.y.squareRoot()))
        // I + V^½ Γ V^½, of which the determinant is at least 1.
        let first = 1 + root.x * root.x * gram.first
        let second = 1 + root.y * root.y * gram.second
        let beside = root.x * root.y * gram.beside
        let determinant = first * second - beside * beside
        let middle = (
            first: root.x * root.x * second / determinant, second: root.y * root.y * first / determinant,
            beside: -root.x * root.y * beside / determinant
        )
        let explained = SIMD2(gram.first * m.x + gram.beside * m.y, gram.beside * m.x + gram.second * m.y)
        let shifted = products - explained
        let gained = SIMD2(
            middle.first * shifted.x + middle.beside * shifted.y, middle.beside * shifted.x + middle.second * shifted.y)
        let quadratic =
            residualSquare - 2 * (m * products).sum() + (m * explained).sum() - (shifted * gained).sum()
        return Result(
            quadratic: quadratic, logDeterminantGain: log(determinant), coefficients: m + gained, middle: middle)
    }
}
