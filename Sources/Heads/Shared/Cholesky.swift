internal import Foundation

/// The lower factor L of a symmetric positive definite matrix, A = L·Lᵀ, in double precision.
///
/// Rows of L are kept as vectors of eight, padded with zeros, so that every inner loop is a dot product of two rows in a
/// fixed order: the same matrix gives the same factor, bit for bit. Four rows are made together to read earlier rows
/// once for all four. Cost: N³/3 multiplications; 256 rows need about 1 ms on one core.
struct Cholesky {
    /// N.
    let count: Int
    private let width: Int
    private var lower: [SIMD8<Double>]
    /// The diagonal of L.
    private var diagonal: [Double]

    /// Factors the leading `count` rows and columns of `matrix`, a row-major `(stride, stride)` of which the lower
    /// triangle is read, with `ridge[i]` added to the diagonal; `nil` where the sum is not positive definite.
    init?(_ matrix: [Double], stride: Int, count: Int, ridge: [Double]) {
        let width = (count + 7) / 8
        self.count = count
        self.width = width
        lower = [SIMD8<Double>](repeating: .zero, count: count * width)
        diagonal = [Double](repeating: 0, count: count)
        for first in Swift.stride(from: 0, to: count, by: 4) {
            let rows = first..<min(first + 4, count)
            for column in 0..<first {
                let sums = dots(first, rows.count, column)
                for row in rows {
                    set(row, column, (matrix[row * stride + column] - sums[row - first]) / diagonal[column])
                }
            }
            for row in rows {
                for column in first..<row {
                    let sum = dot(row, column)
                    set(row, column, (matrix[row * stride + column] - sum) / diagonal[column])
                }
                let square = matrix[row * stride + row] + ridge[row] - dot(row, row)
                guard square > 0 else { return nil }
                diagonal[row] = square.squareRoot()
                set(row, row, diagonal[row])
            }
        }
    }

    /// ln det A.
    var logDeterminant: Double { 2 * diagonal.reduce(0) { $0 + log($1) } }

    /// The w with L·w = v.
    func forward(_ v: [Double]) -> [Double] {
        var solution = [SIMD8<Double>](repeating: .zero, count: width)
        for row in 0..<count {
            var sum = SIMD8<Double>.zero
            for block in 0...(row / 8) { sum += lower[row * width + block] * solution[block] }
            solution[row / 8][row % 8] = (v[row] - sum.sum()) / diagonal[row]
        }
        return (0..<count).map { solution[$0 / 8][$0 % 8] }
    }

    /// The x with Lᵀ·x = w.
    func backward(_ w: [Double]) -> [Double] {
        var rest = [SIMD8<Double>](repeating: .zero, count: width)
        for row in 0..<count { rest[row / 8][row % 8] = w[row] }
        var solution = [Double](repeating: 0, count: count)
        for row in Swift.stride(from: count - 1, through: 0, by: -1) {
            let value = rest[row / 8][row % 8] / diagonal[row]
            solution[row] = value
            for block in 0...(row / 8) { rest[block] -= value * lower[row * width + block] }
        }
        return solution
    }

    /// The diagonal of A⁻¹: squared norms of the columns of L⁻¹. Cost: as much as the factor.
    var inverseDiagonal: [Double] {
        // Row i of L⁻¹ is (e_i − Σ_{j<i} L_ij · row j) / L_ii; rows are as wide as their index.
        var inverse = [SIMD8<Double>](repeating: .zero, count: count * width)
        var squares = [SIMD8<Double>](repeating: .zero, count: width)
        for row in 0..<count {
            for earlier in 0..<row {
                let factor = lower[row * width + earlier / 8][earlier % 8]
                for block in 0...(earlier / 8) {
                    inverse[row * width + block] -= factor * inverse[earlier * width + block]
                }
            }
            inverse[row * width + row / 8][row % 8] += 1
            for block in 0...(row / 8) {
                inverse[row * width + block] /= diagonal[row]
                squares[block] += inverse[row * width + block] * inverse[row * width + block]
            }
        }
        return (0..<count).map { squares[$0 / 8][$0 % 8] }
    }

    private mutating func set(_ row: Int, _ column: Int, _ value: Double) {
        lower[row * width + column / 8][column % 8] = value
    }

    /// Elements of the two rows up to the lesser index; elements beyond it are still zero.
    private func dot(_ row: Int, _ column: Int) -> Double {
        var sum = SIMD8<Double>.zero
        for block in 0...(column / 8) { sum += lower[row * width + block] * lower[column * width + block] }
        return sum.sum()
    }

    private func dots(_ first: Int, _ rows: Int, _ column: Int) -> SIMD4<Double> {
        guard rows == 4 else {
            var sums = SIMD4<Double>.zero
            for row in 0..<rows { sums[row] = dot(first + row, column) }
            return sums
        }
        var a = SIMD8<Double>.zero
        var b = SIMD8<Double>.zero
        var c = SIMD8<Double>.zero
        var d = SIMD8<Double>.zero
        let start = first * width
        let other = column * width
        for block in 0...(column / 8) {
            let shared = lower[other + block]
            a += lower[start + block] * shared
            b += lower[start + width + block] * shared
            c += lower[start + 2 * width + block] * shared
            d += lower[start + 3 * width + block] * shared
        }
        return SIMD4(a.sum(), b.sum(), c.sum(), d.sum())
    }
}
