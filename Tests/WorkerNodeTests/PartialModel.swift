import Scoring

/// Refuses some texts, as a server refuses prompts that are too long, or everything; p follows from the text's length.
final class PartialModel: ValueModel {
    let fingerprint = ModelFingerprint(name: "partial", digest: Digest(of: "partial"))
    let rowsPerCall: Int
    private let refused: Set<String>
    var isUnavailable = false
    /// Most texts of a call.
    private(set) var callsMax = 0

    init(refused: Set<String>, rowsPerCall: Int) {
        self.refused = refused
        self.rowsPerCall = rowsPerCall
    }

    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        callsMax = max(callsMax, texts.count)
        if isUnavailable, !texts.isEmpty { throw .unavailable("server down") }
        if let row = texts.firstIndex(where: refused.contains) { throw .refusedText(row: row, reason: "too long") }
        return FeatureMatrix(
            columns: 1, values: texts.map { Float($0.utf8.count) }, isTruncated: texts.map { _ in false })
    }

    private struct Prepared: PreparedContext {
        let contextDigest: Digest
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
        Prepared(contextDigest: context.digest)
    }

    func predict(
        _ queries: QuerySet, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard queries.features.columns == 1 else { throw .widthMismatch(expected: 1, found: queries.features.columns) }
        return (0..<queries.rows).compactMap { _ in Prediction(p: 0.5, kappa: 3, pLo: 0.25, pHi: 0.75, flags: []) }
    }
}
