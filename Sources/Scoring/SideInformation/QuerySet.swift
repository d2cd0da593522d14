/// Prompts as a head reads them: texts, features and side information, row by row.
public struct QuerySet: Sendable {
    /// By row; empty for heads that read the features only.
    public let texts: [String]
    /// `(Q, F)`.
    public let features: FeatureMatrix
    /// By row; empty if nothing is known about any prompt.
    public let side: [SideInformation]

    /// Precondition: texts and side information are empty or as many as the rows of features.
    public init(texts: [String] = [], features: FeatureMatrix, side: [SideInformation] = []) {
        precondition(
            (texts.isEmpty || texts.count == features.rows) && (side.isEmpty || side.count == features.rows),
            "QuerySet: \(texts.count) texts and \(side.count) of side information for \(features.rows) rows")
        self.texts = texts
        self.features = features
        self.side = side
    }

    /// Q.
    public var rows: Int { features.rows }
    /// F.
    public var columns: Int { features.columns }

    /// One row's features.
    public func row(_ index: Int) -> ArraySlice<Float> { features.row(index) }

    /// One row's side information.
    public func side(_ index: Int) -> SideInformation { side.isEmpty ? .none : side[index] }

    /// The rows named, in the order named.
    public func selecting(_ indices: [Int]) -> QuerySet {
        QuerySet(
            texts: texts.isEmpty ? [] : indices.map { texts[$0] }, features: features.selecting(indices),
            side: side.isEmpty ? [] : indices.map { side[$0] })
    }
}
