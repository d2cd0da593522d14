public import Scoring

/// The first step of a table's preprocessing: constant columns leave, the others are brought to mean 0 and deviation 1
/// by the context's rows.
///
/// Sums run in the order of torch's CPU kernel (measured with 2.13: 32 columns at once in blocks of sixteen rows, the
/// columns left over in four interleaved sums), so the values usually equal the reference's bit for bit. That matters
/// for the fingerprint alone.
public struct TableStandardisation: Sendable {
    /// Features of a row as it comes.
    public let columns: Int
    /// Those that vary in the context, in order.
    public let kept: [Int]
    private let means: [Float]
    private let deviations: [Float]

    /// Fits `(N, F)`. Throws `notFinite` naming the row, and `constantContext` when no column varies.
    public init(_ context: FeatureMatrix) throws(TabPFNError) {
        try Self.checkFinite(context, stage: "context features")
        let (rows, columns) = (context.rows, context.columns)
        let values = context.values
        let kept = (0..<columns).filter { c in
            (1..<max(rows, 1)).contains { values[$0 * columns + c] != values[c] }
        }
        guard !kept.isEmpty else { throw .constantContext(rows: rows, columns: columns) }
        self.columns = columns
        self.kept = kept
        means = TorchSum.columns(of: values, rows: rows, rowStride: columns, kept).map { $0 / Float(rows) }
        deviations = kept.map { c in
            var mean = 0.0
            for row in 0..<rows { mean += Double(values[row * columns + c]) }
            mean /= Double(rows)
            var squares = 0.0
            for row in 0..<rows {
                let difference = Double(values[row * columns + c]) - mean
                squares += difference * difference
            }
            return Float((squares / Double(rows - 1)).squareRoot())
        }
        let zeros = deviations.filter { $0 == 0 || !$0.isFinite }.count
        guard zeros == 0 else { throw .constantContext(rows: rows, columns: zeros) }
    }

    /// `(P, F)` to `(P, kept)`. Throws `width` and `notFinite`.
    public func apply(_ features: FeatureMatrix) throws(TabPFNError) -> FeatureMatrix {
        guard features.columns == columns else { throw .width(expected: columns, found: features.columns) }
        try Self.checkFinite(features, stage: "query features")
        var values: [Float] = []
        values.reserveCapacity(features.rows * kept.count)
        for row in 0..<features.rows {
            for (index, c) in kept.enumerated() {
                values.append((features.values[row * columns + c] - means[index]) / deviations[index])
            }
        }
        return FeatureMatrix(columns: kept.count, values: values, isTruncated: features.isTruncated)
    }

    static func checkFinite(_ features: FeatureMatrix, stage: String) throws(TabPFNError) {
        guard let bad = features.values.firstIndex(where: { !$0.isFinite }) else { return }
        throw .notFinite(stage: stage, row: bad / features.columns)
    }
}

/// Sums over rows in float32, in the order in which torch's CPU kernel adds.
enum TorchSum {
    /// The sum of each column named, as torch gives it for the table of these columns alone.
    static func columns(of values: [Float], rows: Int, rowStride: Int, _ kept: [Int]) -> [Float] {
        // Whole vectors are added four at a time, the rest in the interleaved path. Under one vector there are none.
        let together = kept.count >= 8 ? kept.count / 32 * 32 : kept.count / 4 * 4
        return kept.enumerated().map { index, column in
            if index < together { return cascade(values, column, rowStride, rows) }
            let quarter = rows / 4
            var parts = (0..<4).map { cascade(values, column + $0 * rowStride, 4 * rowStride, quarter) }
            for row in 4 * quarter..<rows { parts[0] += values[column + row * rowStride] }
            return parts[0] + parts[1] + parts[2] + parts[3]
        }
    }

    // Sixteen (or more) terms to a partial sum, sixteen of those to the next, four levels high.
    private static func cascade(_ values: [Float], _ start: Int, _ step: Int, _ count: Int) -> Float {
        var power = 0
        while 1 << power < count { power += 1 }
        power = max(4, power / 4)
        let block = 1 << power
        var levels: [Float] = [0, 0, 0, 0]
        var term = 0
        while term + block <= count {
            for _ in 0..<block {
                levels[0] += values[start + term * step]
                term += 1
            }
            for level in 1..<4 {
                levels[level] += levels[level - 1]
                levels[level - 1] = 0
                if term & ((block - 1) << (level * power)) != 0 { break }
            }
        }
        while term < count {
            levels[0] += values[start + term * step]
            term += 1
        }
        return levels[0] + levels[1] + levels[2] + levels[3]
    }
}
