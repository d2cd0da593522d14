internal import Scoring

/// The features of each distinct text, embedded once for the whole evaluation.
struct TextFeatures {
    private var indices: [String: Int] = [:]
    private var rows: [[Float]] = []
    private var isTruncated: [Bool] = []
    /// Features per text; 0 until the first chunk is stored.
    private(set) var columns = 0

    /// Number of distinct texts.
    var count: Int { indices.count }

    /// Reserves an index for a text; false if it already has one.
    mutating func reserve(_ text: String) -> Bool {
        guard indices[text] == nil else { return false }
        indices[text] = rows.count
        rows.append([])
        isTruncated.append(false)
        return true
    }

    /// Stores the features of texts that have an index.
    mutating func fill(_ texts: [String], with features: FeatureMatrix) {
        precondition(
            features.rows == texts.count, "TextFeatures: \(features.rows) rows of features for \(texts.count) texts")
        columns = features.columns
        for (row, text) in texts.enumerated() {
            guard let index = indices[text] else { continue }
            rows[index] = Array(features.row(row))
            isTruncated[index] = features.isTruncated[row]
        }
    }

    /// The features of some texts, in order: `(texts, columns)`. Precondition: they are stored.
    func matrix(_ texts: [String]) -> FeatureMatrix {
        var values: [Float] = []
        values.reserveCapacity(texts.count * columns)
        var truncated: [Bool] = []
        for text in texts {
            guard let index = indices[text] else { preconditionFailure("TextFeatures: a text was never embedded") }
            values.append(contentsOf: rows[index])
            truncated.append(isTruncated[index])
        }
        return FeatureMatrix(columns: columns, values: values, isTruncated: truncated)
    }
}
