import Foundation
import Scoring

/// A vector of prompts: a radial kernel of distances, in units of the context's mean squared distance to its mean.
struct VectorCovariate: CovariateKernel {
    private let columns: Range<Int>
    private let mean: [Float]
    private let scale: Float
    private let rows: EmbeddingRows
    /// By row: its squared length; `nil` where the vector is unknown.
    private let squares: [Float?]

    private static let gamma = 0.75
    private static let spreadMin = 1e-12

    /// The vector in some columns of `SideInformation.vectors`.
    init(_ columns: Range<Int>, rows: [SideInformation]) {
        let known = rows.compactMap { Self.value($0, columns) }
        var sums = [Double](repeating: 0, count: columns.count)
        for vector in known { for (index, value) in vector.enumerated() { sums[index] += Double(value) } }
        let mean = sums.map { Float($0 / Double(max(known.count, 1))) }
        var spread = 0.0
        for vector in known {
            for (index, value) in vector.enumerated() {
                let difference = Double(value - mean[index])
                spread += difference * difference
            }
        }
        spread /= Double(max(known.count, 1))
        let scale = spread.isFinite && spread > Self.spreadMin ? Float(1 / spread.squareRoot()) : 0
        var values: [Float] = []
        var squares: [Float?] = []
        for row in rows {
            let own = Self.standardised(row, columns, mean, scale)
            values += own ?? [Float](repeating: 0, count: columns.count)
            squares.append(own.map { $0.reduce(0) { $0 + $1 * $1 } })
        }
        (self.columns, self.mean, self.scale, self.squares) = (columns, mean, scale, squares)
        self.rows = EmbeddingRows(
            FeatureMatrix(
                columns: columns.count, values: values, isTruncated: [Bool](repeating: false, count: rows.count)),
            columns: columns.count)
    }

    func covariances(_ prompt: SideInformation) -> [Double] {
        guard let own = Self.standardised(prompt, columns, mean, scale) else {
            return [Double](repeating: 0, count: squares.count)
        }
        let square = own.reduce(0) { $0 + $1 * $1 }
        let query = EmbeddingRows.vectors(own[...])[...]
        var result: [Double] = []
        result.reserveCapacity(squares.count)
        for block in 0..<rows.blocks {
            let products = rows.cosines(query, block: block)
            for row in block * 8..<min(block * 8 + 8, squares.count) {
                let distance = squares[row].map { max(0, $0 + square - 2 * products[row % 8]) }
                result.append(distance.map { exp(-Self.gamma * Double($0)) } ?? 0)
            }
        }
        return result
    }

    /// `nil` where a column is missing.
    private static func value(_ prompt: SideInformation, _ columns: Range<Int>) -> ArraySlice<Float>? {
        guard columns.upperBound <= prompt.vectors.count else { return nil }
        let vector = prompt.vectors[columns]
        return vector.allSatisfy(\.isFinite) ? vector : nil
    }

    private static func standardised(
        _ prompt: SideInformation, _ columns: Range<Int>, _ mean: [Float], _ scale: Float
    ) -> [Float]? {
        value(prompt, columns).map { vector in zip(vector, mean).map { ($0 - $1) * scale } }
    }
}
