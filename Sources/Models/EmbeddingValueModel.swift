public import Encoders
public import Heads
public import Scoring

/// The default value model: an encoder's embedding, surface features of the text, and an in-context head.
///
/// Features are `(P, E + S)`: E columns of the encoder, then `SurfaceFeatures.count`. The surface is read from the whole
/// text, also where the encoder stops early.
public final class EmbeddingValueModel: ValueModel {
    /// Tells whether two workers may share a job.
    public let fingerprint: ModelFingerprint
    /// What features depend on beside the text; the head is not in it.
    public let encoderFingerprint: ModelFingerprint
    private let embedder: any TextEmbedder
    private let head: EmbeddingHead
    private var progressListener: (@Sendable () -> Void)?

    /// The fingerprint must cover weights and tokenizer, the encoder's numerics, and the head's weights and numerics; the
    /// encoder's all of these but the head's, and the surface features. Without one, it is the whole fingerprint.
    public init(
        fingerprint: ModelFingerprint, encoderFingerprint: ModelFingerprint? = nil, embedder: any TextEmbedder,
        head: EmbeddingHead = .gaussianProcess(GaussianProcessHead())
    ) {
        self.fingerprint = fingerprint
        self.encoderFingerprint = encoderFingerprint ?? fingerprint
        self.embedder = embedder
        self.head = head
    }

    /// E, the leading columns of the features that are the encoder's.
    public var embeddingColumns: Int { embedder.width }

    /// F = E + S.
    public var featureColumns: Int { embedder.width + SurfaceFeatures.count }

    /// Throws `rowsMismatch`, `widthMismatch` or `notFinite` where the encoder gave something else than it promised.
    public func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let (embedding, isTruncated) = try embedder.embed(texts)
        guard isTruncated.count == texts.count else {
            throw .rowsMismatch(expected: texts.count, found: isTruncated.count)
        }
        let width = embedder.width
        guard embedding.count == texts.count * width else {
            throw .widthMismatch(expected: width, found: texts.isEmpty ? 0 : embedding.count / texts.count)
        }
        var values: [Float] = []
        values.reserveCapacity(texts.count * featureColumns)
        for (row, text) in texts.enumerated() {
            let vector = embedding[row * width..<(row + 1) * width]
            guard vector.allSatisfy(\.isFinite) else { throw .notFinite(stage: "the encoder", row: row) }
            values.append(contentsOf: vector)
            values.append(contentsOf: SurfaceFeatures.features(of: text))
        }
        return FeatureMatrix(columns: featureColumns, values: values, isTruncated: isTruncated)
    }

    /// Fits the head; see `CompactHead.prepare` and `GaussianProcessHead.prepare` for cost and errors.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        guard features.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: features.columns)
        }
        switch head {
        case .compact(let head):
            return try head.prepare(features: features, context: context) { progressListener?() }
        case .gaussianProcess(let head):
            return try head.prepare(embeddings: features, context: context)
        }
    }

    /// Predicts; throws `foreignContext` for a context that another kind of model or head prepared.
    public func predict(
        _ queries: FeatureMatrix, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        switch head {
        case .compact(let head):
            guard let context = context as? CompactHeadContext else { throw .foreignContext(context.contextDigest) }
            return try head.predict(queries, in: context)
        case .gaussianProcess(let head):
            guard let context = context as? GaussianProcessContext else {
                throw .foreignContext(context.contextDigest)
            }
            return try head.predict(queries, in: context)
        }
    }

    /// Called from inside `prepare` after each factorisation of the compact head; beyond a thousand rows one takes a
    /// good part of a second.
    public func tellProgress(to listener: @escaping @Sendable () -> Void) {
        progressListener = listener
    }
}
