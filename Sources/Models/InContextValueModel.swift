package import Encoders
package import Heads
public import Scoring

/// A value model made of an encoder and an in-context head: every model that is read from a folder.
///
/// Features are `(P, E)`: the encoder's columns, or `(P, E + S)`: then `SurfaceFeatures.count` more. The surface is read
/// from the whole text, also where the encoder stops early.
public final class InContextValueModel: ValueModel {
    /// Which columns the features have.
    package enum Columns: Sendable {
        /// Those of the encoder.
        case encoder
        /// Those of the encoder, then the surface features.
        case encoderAndSurface
    }

    /// Equal for workers that may share a job.
    public let fingerprint: ModelFingerprint
    /// What features depend on beside the text; nothing of the head is in it.
    public let encoderFingerprint: ModelFingerprint
    private let encoder: any TextEncoder
    private let head: any InContextHead
    private let columns: Columns

    /// `fingerprint` must cover the files, the arithmetic of the encoder and of the head; `encoderFingerprint` all of it
    /// but the head's.
    package init(
        fingerprint: ModelFingerprint, encoderFingerprint: ModelFingerprint, encoder: any TextEncoder,
        head: any InContextHead, columns: Columns
    ) {
        self.fingerprint = fingerprint
        self.encoderFingerprint = encoderFingerprint
        self.encoder = encoder
        self.head = head
        self.columns = columns
    }

    /// A model whose features are an embedding and the surface, with the fingerprints that follow from its parts.
    package convenience init(encoder: any TextEncoder, head: any InContextHead) {
        let facts = encoder.facts
        func fingerprint(_ name: String, _ identity: String) -> ModelFingerprint {
            ModelFingerprint(name: "\(facts.name)+\(name)", digest: Digest(of: "\(facts.identity)\n\(identity)"))
        }
        self.init(
            fingerprint: fingerprint(head.name, head.identity),
            encoderFingerprint: fingerprint("surface", SurfaceFeatures.identity), encoder: encoder, head: head,
            columns: .encoderAndSurface)
    }

    /// The encoder's.
    public var rowsPerCall: Int { encoder.facts.rowsPerCall }

    /// F.
    public var featureColumns: Int {
        switch columns {
        case .encoder: encoder.facts.width
        case .encoderAndSurface: encoder.facts.width + SurfaceFeatures.count
        }
    }

    /// Throws `rowsMismatch`, `widthMismatch` or `notFinite` if the encoder's features are not as promised, and as the
    /// encoder does.
    public func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let made = try encoder.encode(texts)
        guard made.rows == texts.count else { throw .rowsMismatch(expected: texts.count, found: made.rows) }
        let width = encoder.facts.width
        guard made.columns == width else { throw .widthMismatch(expected: width, found: made.columns) }
        if let bad = made.values.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(stage: "the encoder", row: bad / width)
        }
        guard columns == .encoderAndSurface else { return made }
        var values: [Float] = []
        values.reserveCapacity(texts.count * featureColumns)
        for (row, text) in texts.enumerated() {
            values.append(contentsOf: made.row(row))
            values.append(contentsOf: SurfaceFeatures.features(of: text))
        }
        return FeatureMatrix(columns: featureColumns, values: values, isTruncated: made.isTruncated)
    }

    /// Fits the head; see the heads for cost and errors.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        try check(features)
        return try head.prepare(context, features: features)
    }

    /// Predicts. Throws `foreignContext` for a context that another kind of head prepared.
    public func predict(
        _ queries: QuerySet, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        try check(queries.features)
        return try head.predict(queries, inAny: context)
    }

    /// The encoder's.
    public func measure(_ texts: [String]) -> [TextMeasure]? { encoder.measure(texts) }

    /// False where the encoder's features cost less than a look-up.
    public var shouldCacheFeatures: Bool { encoder.facts.shouldCacheFeatures }

    /// `listener` is called from inside `embed`, `prepare` and `predict` as encoder and head promise.
    public func tellProgress(to listener: @escaping @Sendable () -> Void) {
        encoder.onProgress(listener)
        head.onProgress(listener)
    }

    private func check(_ features: FeatureMatrix) throws(ValueModelError) {
        guard features.columns == featureColumns else {
            throw .widthMismatch(expected: featureColumns, found: features.columns)
        }
    }
}
