import Foundation
import Kernels
import Testing

@Suite("Factor of a symmetric matrix")
struct SymmetricFactorTests {
    @Test(
        "factor, solutions, determinant and inverse diagonal are the obvious version's within 1e-10",
        arguments: [0, 1, 3, 11, 12, 13, 50, 97, 200])
    func obvious(rows: Int) throws {
        let stride = rows + 3
        var matrix = [Double](repeating: .nan, count: stride * stride)
        let points = (0..<rows).map { sin(Double($0) * 1.7) * 2 }
        for row in 0..<rows {
            for column in 0...row { matrix[row * stride + column] = exp(-abs(points[row] - points[column])) }
        }
        let ridge = (0..<rows).map { 0.1 + Double($0 % 3) }
        let factor = try #require(SymmetricFactor(matrix, stride: stride, count: rows, ridge: ridge))

        // Gauss-Jordan elimination of A beside the identity.
        var left = (0..<rows).map { row in
            (0..<rows).map { column in
                matrix[max(row, column) * stride + min(row, column)] + (row == column ? ridge[row] : 0)
            }
        }
        var right = (0..<rows).map { row in (0..<rows).map { $0 == row ? 1.0 : 0 } }
        var logDeterminant = 0.0
        for pivot in 0..<rows {
            let value = left[pivot][pivot]
            logDeterminant += log(value)
            for column in 0..<rows {
                left[pivot][column] /= value
                right[pivot][column] /= value
            }
            for row in 0..<rows where row != pivot {
                let multiple = left[row][pivot]
                for column in 0..<rows {
                    left[row][column] -= multiple * left[pivot][column]
                    right[row][column] -= multiple * right[pivot][column]
                }
            }
        }
        let v = (0..<rows).map { Double($0 % 5) - 1.5 }
        let solution = factor.backward(factor.forward(v))
        let diagonal = factor.inverseDiagonal
        #expect(abs(factor.logDeterminant - logDeterminant) < 1e-9)
        for row in 0..<rows {
            let expected = zip(right[row], v).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(solution[row] - expected) < 1e-10)
            #expect(abs(diagonal[row] - right[row][row]) < 1e-10)
        }
    }

    @Test("a matrix that is not positive definite, or has a NaN, has no factor")
    func refused() {
        #expect(SymmetricFactor([1, 0, 2, 1], stride: 2, count: 2, ridge: [0, 0]) == nil)
        #expect(SymmetricFactor([1, 0, .nan, 1], stride: 2, count: 2, ridge: [0, 0]) == nil)
        #expect(SymmetricFactor([1, 0, 0.5, 1], stride: 2, count: 2, ridge: [0, 0]) != nil)
    }
}
