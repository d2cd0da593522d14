import Scoring

/// Answers with what it is given beside the texts: p is the mean of the references' rewards, κ their number plus 1.
final class EchoModel: ValueModel {
    let fingerprint = ModelFingerprint(name: "echo", digest: Digest(of: "echo"))
    /// Whether it is a head that reads texts only.
    private let isTextOnly: Bool
    private(set) var prepared: [ContextSet] = []
    private(set) var queries: [QuerySet] = []

    init(isTextOnly: Bool = false) {
        self.isTextOnly = isTextOnly
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        FeatureMatrix(
            columns: 1, values: texts.map { Float($0.utf8.count) }, isTruncated: texts.map { _ in false })
    }

    private struct Prepared: PreparedContext {
        let contextDigest: Digest
    }

    func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        guard features.rows == context.texts.count else {
            throw .rowsMismatch(expected: context.texts.count, found: features.rows)
        }
        if isTextOnly, !context.schema.isEmpty { throw .sideInformationUnsupported(head: "echo") }
        prepared.append(context)
        return Prepared(contextDigest: context.digest)
    }

    func predict(_ queries: QuerySet, in context: any PreparedContext) throws(ValueModelError) -> [Prediction] {
        self.queries.append(queries)
        var predictions: [Prediction] = []
        for row in 0..<queries.rows {
            let rewards = queries.side(row).references.map(\.outcome.reward)
            let p = Float(rewards.isEmpty ? 0.5 : rewards.reduce(0, +) / Double(rewards.count))
            guard let prediction = Prediction(p: p, kappa: Float(rewards.count + 1), pLo: p, pHi: p) else {
                throw .notFinite(stage: "echo", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}
