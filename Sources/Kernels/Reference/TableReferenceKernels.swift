import Foundation

/// The slow, obvious version of the kernels for tables, in double precision.
public enum TableReferenceKernels {
    /// softmax(q · Kᵀ / √D) · V for any number of queries (Q, D) that share keys and values (n, D).
    public static func sharedAttention(
        queries: [Double], keys: [Double], values: [Double], headWidth: Int
    ) -> [Double] {
        let length = keys.count / headWidth
        return (0..<queries.count / headWidth).flatMap { query -> [Double] in
            let scores = (0..<length).map { key in
                (0..<headWidth).reduce(0.0) { sum, d in
                    sum + queries[query * headWidth + d] * keys[key * headWidth + d]
                } / Double(headWidth).squareRoot()
            }
            let shares = ReferenceKernels.softmax(scores)
            return (0..<headWidth).map { d in
                (0..<length).reduce(0.0) { sum, key in sum + shares[key] * values[key * headWidth + d] }
            }
        }
    }

    /// (v - mean) / sqrt(variance + ε) of each row of `width` values.
    public static func norm(_ x: [Double], width: Int, epsilon: Double) -> [Double] {
        ReferenceKernels.layerNorm(
            x, weight: [Float](repeating: 1, count: width), bias: [Float](repeating: 0, count: width), epsilon: epsilon)
    }
}
