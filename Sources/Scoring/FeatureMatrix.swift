/// Features of prompts, made by the encoder (and adapter) and independent of any policy: one row a prompt, row-major.
public struct FeatureMatrix: Sendable {
    /// Number of prompts, P.
    public let rows: Int
    /// Features a prompt, F.
    public let columns: Int
    /// `(P, F)`, row-major.
    public private(set) var values: [Float]
    /// By row: the prompt was longer than the encoder reads.
    public private(set) var isTruncated: [Bool]

    /// An empty matrix of a width, to which rows are appended.
    public init(columns: Int) {
        self.rows = 0
        self.columns = columns
        self.values = []
        self.isTruncated = []
    }

    /// Precondition: `values.count` is `isTruncated.count · columns`.
    public init(columns: Int, values: [Float], isTruncated: [Bool]) {
        precondition(
            values.count == columns * isTruncated.count,
            "FeatureMatrix: \(values.count) values for \(isTruncated.count) rows of \(columns)")
        self.rows = isTruncated.count
        self.columns = columns
        self.values = values
        self.isTruncated = isTruncated
    }

    /// One row's features.
    public func row(_ index: Int) -> ArraySlice<Float> {
        values[index * columns..<(index + 1) * columns]
    }

    /// The rows named, in the order named.
    public func selecting(_ indices: [Int]) -> FeatureMatrix {
        var selected: [Float] = []
        selected.reserveCapacity(indices.count * columns)
        for index in indices { selected.append(contentsOf: row(index)) }
        return FeatureMatrix(columns: columns, values: selected, isTruncated: indices.map { isTruncated[$0] })
    }
}
