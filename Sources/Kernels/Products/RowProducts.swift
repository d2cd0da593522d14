/// Dot products of a few queries with the rows of a matrix that is larger than the second cache, such as the embeddings of a
/// context: the rows are read once for four queries.
///
/// Every product is summed in the same order, lane by lane and then over the lanes, whatever else is computed beside it: a
/// query has the same products alone and among others, to the bit.
public enum RowProducts {
    /// Queries of a call.
    public static let queries = 4
    /// Rows of a call.
    public static let rows = 8

    /// Products with eight rows, by query.
    public typealias Products = (SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>)

    /// Products of four queries from `firstQuery` on with eight rows from `firstRow` on. Both matrices have rows of `width`
    /// vectors, one after the other; lanes beyond the last row repeat it.
    ///
    /// Two rows at a time: eight sums, which the registers of AVX2 hold beside the operands. Precondition: four queries and
    /// one row are there.
    public static func products(
        of queries: [SIMD8<Float>], from firstQuery: Int, with rows: [SIMD8<Float>], from firstRow: Int, width: Int
    ) -> Products {
        let last = rows.count / max(width, 1) - 1
        precondition(
            width > 0 && firstQuery >= 0 && (firstQuery + Self.queries) * width <= queries.count
                && firstRow >= 0 && firstRow <= last,
            "RowProducts: queries from \(firstQuery) of \(queries.count), rows from \(firstRow) of \(rows.count) vectors,"
                + " \(width) a row")
        var result: Products = (.zero, .zero, .zero, .zero)
        queries.withUnsafeBufferPointer { queries in
            rows.withUnsafeBufferPointer { rows in
                guard let base = queries.baseAddress, let matrix = rows.baseAddress else { return }
                let query = base + firstQuery * width
                for lane in stride(from: 0, to: Self.rows, by: 2) {
                    let first = matrix + min(firstRow + lane, last) * width
                    let second = matrix + min(firstRow + lane + 1, last) * width
                    let (even, odd) = pair(query, first, second, width)
                    result.0[lane] = even.0.sum()
                    result.1[lane] = even.1.sum()
                    result.2[lane] = even.2.sum()
                    result.3[lane] = even.3.sum()
                    result.0[lane + 1] = odd.0.sum()
                    result.1[lane + 1] = odd.1.sum()
                    result.2[lane + 1] = odd.2.sum()
                    result.3[lane + 1] = odd.3.sum()
                }
            }
        }
        return result
    }

    /// Sums over the columns, by row and query; `query` is the first of four.
    @inline(__always)
    private static func pair(
        _ query: UnsafePointer<SIMD8<Float>>, _ first: UnsafePointer<SIMD8<Float>>,
        _ second: UnsafePointer<SIMD8<Float>>, _ width: Int
    ) -> (Products, Products) {
        var (a, b, c, d) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
        var (e, f, g, h) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
        for index in 0..<width {
            let (left, right) = (first[index], second[index])
            a.addProduct(query[index], left)
            e.addProduct(query[index], right)
            b.addProduct(query[width + index], left)
            f.addProduct(query[width + index], right)
            c.addProduct(query[2 * width + index], left)
            g.addProduct(query[2 * width + index], right)
            d.addProduct(query[3 * width + index], left)
            h.addProduct(query[3 * width + index], right)
        }
        return ((a, b, c, d), (e, f, g, h))
    }
}
