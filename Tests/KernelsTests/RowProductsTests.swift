import Kernels
import Scoring
import Testing

@Suite("Dot products of queries with rows")
struct RowProductsTests {
    private static func vectors(_ count: Int, seed: UInt64) -> [SIMD8<Float>] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            var vector = SIMD8<Float>.zero
            for lane in 0..<8 { vector[lane] = Float(generator.unit() * 2 - 1) }
            return vector
        }
    }

    /// The order of summation that is promised: lane by lane, then over the lanes.
    private static func product(_ a: ArraySlice<SIMD8<Float>>, _ b: ArraySlice<SIMD8<Float>>) -> Float {
        var sum = SIMD8<Float>.zero
        for (x, y) in zip(a, b) { sum.addProduct(x, y) }
        return sum.sum()
    }

    @Test(
        "products are those of each pair alone to the bit, and lanes beyond the last row repeat it",
        arguments: [1, 3, 48])
    func products(width: Int) {
        let (queryCount, rowCount) = (6, 11)
        let queries = Self.vectors(queryCount * width, seed: 1)
        let rows = Self.vectors(rowCount * width, seed: 2)
        for firstQuery in [0, 2] {
            for firstRow in [0, 3, 8, 10] {
                let found = RowProducts.products(
                    of: queries, from: firstQuery, with: rows, from: firstRow, width: width)
                for (place, products) in [found.0, found.1, found.2, found.3].enumerated() {
                    let query = queries[(firstQuery + place) * width..<(firstQuery + place + 1) * width]
                    for lane in 0..<8 {
                        let row = min(firstRow + lane, rowCount - 1)
                        #expect(products[lane] == Self.product(query, rows[row * width..<(row + 1) * width]))
                    }
                }
            }
        }
    }
}
