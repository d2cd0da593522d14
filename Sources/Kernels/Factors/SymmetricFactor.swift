internal import Foundation

/// The lower factor L of a symmetric positive definite matrix, A = L·Lᵀ, in double precision: large matrices, fast.
///
/// Every inner loop is `FactorTile.dots`: dot products of four rows with three others, fused multiply-add, always in the
/// same order. So the same matrix gives the same factor, bit for bit. Rows are worked on in panels that stay in the
/// cache. Cost: N³/6 multiply-adds; 800 rows need 5 ms on one core.
package struct SymmetricFactor: Sendable {
    /// N.
    package let count: Int
    /// N, up to a multiple of both sides of a tile; the rows beyond N are those of the identity.
    private let size: Int
    /// `(size, size)`, row-major, 0 above the diagonal.
    private var lower: [Double]

    private static let step = FactorTile.rows * FactorTile.columns
    private static let panel = 4 * step

    /// Factors the leading `count` rows and columns of `matrix`, a row-major `(stride, stride)` of which the lower
    /// triangle is read, with `ridge[i]` added to the diagonal; `nil` where the sum is not positive definite.
    ///
    /// Precondition: `count ≤ stride`, and the matrix and the ridge have so many elements.
    package init?(_ matrix: [Double], stride: Int, count: Int, ridge: [Double]) {
        precondition(
            count >= 0 && count <= stride && matrix.count >= stride * count && ridge.count >= count,
            "SymmetricFactor: \(count) of \(matrix.count) values in rows of \(stride), \(ridge.count) ridges")
        self.count = count
        size = (count + Self.step - 1) / Self.step * Self.step
        lower = [Double](repeating: 0, count: size * size)
        for row in 0..<count {
            for column in 0..<row { lower[row * size + column] = matrix[row * stride + column] }
            lower[row * size + row] = matrix[row * stride + row] + ridge[row]
        }
        for row in count..<size { lower[row * size + row] = 1 }
        guard factorise() else { return nil }
    }

    /// ln det A.
    package var logDeterminant: Double {
        2 * (0..<count).reduce(0) { $0 + log(lower[$1 * size + $1]) }
    }

    /// The w with L·w = v. Precondition: N values.
    package func forward(_ v: [Double]) -> [Double] {
        precondition(v.count == count, "SymmetricFactor: \(v.count) values for \(count) rows")
        var solution = v + [Double](repeating: 0, count: size - count)
        lower.withUnsafeBufferPointer { lower in
            solution.withUnsafeMutableBufferPointer { solution in
                guard let l = lower.baseAddress, let x = solution.baseAddress else { return }
                for row in 0..<count {
                    x[row] = (x[row] - FactorTile.dot(l + row * size, x, row)) / l[row * size + row]
                }
            }
        }
        return Array(solution.prefix(count))
    }

    /// The x with Lᵀ·x = w. Precondition: N values.
    package func backward(_ w: [Double]) -> [Double] {
        precondition(w.count == count, "SymmetricFactor: \(w.count) values for \(count) rows")
        var solution = w
        lower.withUnsafeBufferPointer { lower in
            solution.withUnsafeMutableBufferPointer { solution in
                guard let l = lower.baseAddress, let x = solution.baseAddress else { return }
                for row in Swift.stride(from: count - 1, through: 0, by: -1) {
                    x[row] /= l[row * size + row]
                    FactorTile.subtract(x[row], l + row * size, from: x, row)
                }
            }
        }
        return solution
    }

    /// The diagonal of A⁻¹: squared norms of the columns of L⁻¹. Cost: as much as the factor.
    package var inverseDiagonal: [Double] {
        var result = [Double](repeating: 0, count: size)
        // A panel of columns of L⁻¹, one after the other.
        var columns = [Double](repeating: 0, count: Self.panel * size)
        lower.withUnsafeBufferPointer { lower in
            columns.withUnsafeMutableBufferPointer { columns in
                guard let l = lower.baseAddress, let y = columns.baseAddress else { return }
                for first in Swift.stride(from: 0, to: size, by: Self.panel) {
                    let width = min(Self.panel, size - first)
                    y.update(repeating: 0, count: width * size)
                    for row in Swift.stride(from: first, to: size, by: FactorTile.columns) {
                        for column in Swift.stride(from: 0, to: width, by: FactorTile.rows) {
                            FactorTile.solveInverse(
                                l, y + column * size, size, row: row, first: first, own: first + column)
                        }
                    }
                    for column in 0..<width {
                        let values = y + column * size
                        result[first + column] = FactorTile.dot(values, values, size)
                    }
                }
            }
        }
        return Array(result.prefix(count))
    }

    /// Turns the matrix in `lower` into its factor; `false` where it is not positive definite.
    private mutating func factorise() -> Bool {
        var isPositive = true
        let size = size
        lower.withUnsafeMutableBufferPointer { lower in
            guard let l = lower.baseAddress else { return }
            for first in Swift.stride(from: 0, to: size, by: Self.panel) {
                let end = min(first + Self.panel, size)
                Self.solve(l, size, rows: first..<end, columns: 0..<first)
                for block in Swift.stride(from: first, to: end, by: Self.step) {
                    let rows = block..<block + Self.step
                    Self.solve(l, size, rows: rows, columns: first..<block)
                    guard FactorTile.factorise(l, size, rows: rows) else {
                        isPositive = false
                        return
                    }
                }
            }
        }
        return isPositive
    }

    /// Rows of L in columns whose own rows are finished.
    private static func solve(_ l: UnsafeMutablePointer<Double>, _ size: Int, rows: Range<Int>, columns: Range<Int>) {
        for column in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: FactorTile.columns) {
            for row in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: FactorTile.rows) {
                FactorTile.solve(l, size, row: row, column: column)
            }
        }
    }
}
