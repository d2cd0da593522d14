import Scoring

/// A model whose feature is a text's kind, hard or easy, and whose prediction is the mean reward of that kind in the
/// context.
final class KindModel: ValueModel {
    let fingerprint = ModelFingerprint(name: "kinds", digest: Digest(of: "kinds"))

    struct Context: PreparedContext {
        let contextDigest: Digest
        let means: [Float]
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        let kinds = texts.map { Float($0.hasPrefix("hard") ? 1 : 0) }
        return FeatureMatrix(
            columns: 2, values: kinds.flatMap { [$0, 1 - $0] }, isTruncated: texts.map { _ in false })
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
        let means = [Float(0), 1].map { kind in
            let rows = context.rows.indices.filter { features.row($0).first == kind }
            let sum = rows.reduce(0) { $0 + context.rows[$1].outcome.reward }
            return rows.isEmpty ? Float(0.5) : Float(sum / Double(rows.count))
        }
        return Context(contextDigest: context.digest, means: means)
    }

    func predict(_ queries: QuerySet, in context: any PreparedContext) throws(ValueModelError) -> [Prediction] {
        guard let context = context as? Context else { throw .foreignContext(context.contextDigest) }
        var predictions: [Prediction] = []
        for row in 0..<queries.rows {
            let p = context.means[Int(queries.row(row).first ?? 0)]
            guard let prediction = Prediction(p: p, kappa: 8, pLo: p, pHi: p) else {
                throw .notFinite(stage: "kinds", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}
