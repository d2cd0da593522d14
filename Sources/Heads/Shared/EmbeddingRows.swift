import Kernels
import Scoring

/// The embeddings of a context's rows, in vectors of eight, for cosines of eight rows with one query.
struct EmbeddingRows: Sendable {
    /// N.
    let count: Int
    private let width: Int
    private var vectors: [SIMD8<Float>]

    /// The leading `columns` of each row.
    init(_ features: FeatureMatrix, columns: Int) {
        self.init(features, rows: 0..<features.rows, columns: columns)
    }

    /// The leading `columns` of some rows, in their order.
    init(_ features: FeatureMatrix, rows: some Collection<Int>, columns: Int) {
        count = rows.count
        width = (columns + 7) / 8
        vectors = []
        vectors.reserveCapacity(count * width)
        for row in rows { vectors += Self.vectors(features.row(row).prefix(columns)) }
    }

    /// Columns, rounded up to whole vectors; those that fill them are 0.
    var paddedColumns: Int { width * 8 }

    /// Blocks of eight rows.
    var blocks: Int { (count + 7) / 8 }

    /// One row as a query.
    func row(_ index: Int) -> ArraySlice<SIMD8<Float>> { vectors[index * width..<(index + 1) * width] }

    /// A query's columns as vectors; the last is filled up with zeros.
    static func vectors(_ values: ArraySlice<Float>) -> [SIMD8<Float>] {
        var vectors = [SIMD8<Float>](repeating: .zero, count: (values.count + 7) / 8)
        for (index, value) in values.enumerated() { vectors[index / 8][index % 8] = value }
        return vectors
    }

    /// Dot products of a query with the rows of a block; lanes beyond the last row repeat it.
    ///
    /// Four rows at a time, each with a sum of its own, so the query is read a quarter as often and every product is
    /// summed in the same order at every row index.
    func cosines(_ query: ArraySlice<SIMD8<Float>>, block: Int) -> SIMD8<Float> {
        var cosines = SIMD8<Float>.zero
        let last = count - 1
        for half in stride(from: block * 8, to: block * 8 + 8, by: 4) {
            let first = (min(half, last) * width, min(half + 1, last) * width)
            let second = (min(half + 2, last) * width, min(half + 3, last) * width)
            var (a, b, c, d) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
            for (index, value) in query.enumerated() {
                a.addProduct(value, vectors[first.0 + index])
                b.addProduct(value, vectors[first.1 + index])
                c.addProduct(value, vectors[second.0 + index])
                d.addProduct(value, vectors[second.1 + index])
            }
            let lane = half - block * 8
            cosines[lane] = a.sum()
            cosines[lane + 1] = b.sum()
            cosines[lane + 2] = c.sum()
            cosines[lane + 3] = d.sum()
        }
        return cosines
    }

    /// By query: Σ weight · kernel(cosine) over the rows, `weights` by block of eight rows.
    ///
    /// Four queries at a time, so that the rows are read from memory a quarter as often; each is computed as if it were alone,
    /// to the bit. Cost: N dot products a query.
    func sums(_ queries: EmbeddingRows, weights: [SIMD8<Double>], kernel: RadialKernel) -> [Double] {
        var sums: [Double] = []
        sums.reserveCapacity(queries.count)
        while sums.count < queries.count {
            let first = sums.count
            guard first + RowProducts.queries <= queries.count else {
                let query = queries.row(first)
                var sum = SIMD8<Double>.zero
                for block in weights.indices { sum.addProduct(weights[block], kernel(cosines(query, block: block))) }
                sums.append(sum.sum())
                continue
            }
            var total = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
            for block in weights.indices {
                let found = RowProducts.products(
                    of: queries.vectors, from: first, with: vectors, from: block * 8, width: width)
                total.0.addProduct(weights[block], kernel(found.0))
                total.1.addProduct(weights[block], kernel(found.1))
                total.2.addProduct(weights[block], kernel(found.2))
                total.3.addProduct(weights[block], kernel(found.3))
            }
            sums += [total.0.sum(), total.1.sum(), total.2.sum(), total.3.sum()]
        }
        return sums
    }
}
