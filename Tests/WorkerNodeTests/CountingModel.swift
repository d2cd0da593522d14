import Scoring

/// Counts the texts that it embeds; p follows from the text's length. A test may look at the texts first, or wait.
final class CountingModel: ValueModel {
    let fingerprint: ModelFingerprint
    let encoderFingerprint: ModelFingerprint
    private(set) var embedded = 0

    private let onEmbed: ([String]) -> Void

    init(
        encoder: String = "encoder", head: String = "head", onEmbed: @escaping ([String]) -> Void = { _ in }
    ) {
        self.onEmbed = onEmbed
        encoderFingerprint = ModelFingerprint(name: encoder, digest: Digest(of: encoder))
        fingerprint = ModelFingerprint(name: encoder + head, digest: Digest(of: encoder + head))
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        onEmbed(texts)
        embedded += texts.count
        return FeatureMatrix(
            columns: 2, values: texts.flatMap { [Float($0.utf8.count), 1] }, isTruncated: texts.map { $0.count > 9 })
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
        var predictions: [Prediction] = []
        for row in 0..<queries.rows {
            let p = queries.features.values[row * 2] / 100
            let flags: Prediction.Flags = queries.features.isTruncated[row] ? .truncated : []
            guard let prediction = Prediction(p: p, kappa: 3, pLo: p / 2, pHi: p, flags: flags) else {
                throw .notFinite(stage: "test", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}
