import Foundation
public import Scoring

/// A value model made of a hash: p follows from text and context alone, at once and exactly.
///
/// It replaces a real model where the cluster is tested: simulation, chaos tests, throughput benchmarks.
public final class TableValueModel: ValueModel {
    /// Names the table. Tables with different salts are different models.
    public let fingerprint: ModelFingerprint
    private let salt: UInt64
    private let pausePerText: Duration

    /// A table. Another salt gives other numbers; a pause makes it as slow as a real model, and changes no number.
    public init(salt: UInt64 = 0, pausePerText: Duration = .zero) {
        self.salt = salt
        self.pausePerText = pausePerText
        fingerprint = ModelFingerprint(name: "table-\(salt)", digest: Digest(of: "table model by words \(salt)"))
    }

    /// Only with a pause: otherwise hashing a text costs less than looking for it.
    public var shouldCacheFeatures: Bool { pausePerText > .zero }

    /// (P texts) -> (P, 4): a 64-bit hash of the text, 16 bits in each number.
    public func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        var values = [Float](repeating: 0, count: texts.count * 4)
        for (row, text) in texts.enumerated() {
            let hash = StableHash(words: text).value
            for place in 0..<4 { values[row * 4 + place] = Float(UInt16(truncatingIfNeeded: hash >> (16 * place))) }
        }
        if pausePerText > .zero { Thread.sleep(forTimeInterval: pausePerText * texts.count / .seconds(1)) }
        return FeatureMatrix(columns: 4, values: values, isTruncated: Array(repeating: false, count: texts.count))
    }

    /// Keeps the context's digest, and fits nothing. `features` are `(N, 4)`, one row for each of the context's.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        guard features.rows == context.rows.count + context.pool.count else {
            throw .rowsMismatch(expected: context.rows.count + context.pool.count, found: features.rows)
        }
        return TableContext(contextDigest: context.digest)
    }

    /// (Q, 4) -> Q predictions, each from its own row's hash, the context's digest and the salt.
    public func predict(
        _ queries: QuerySet, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard queries.columns == 4 else { throw .widthMismatch(expected: 4, found: queries.columns) }
        let seed = Self.seed(context.contextDigest, salt: salt)
        var predictions: [Prediction] = []
        predictions.reserveCapacity(queries.rows)
        let values = queries.features.values
        for row in 0..<queries.rows {
            var hash: UInt64 = 0
            for place in 0..<4 { hash |= UInt64(values[row * 4 + place]) << (16 * place) }
            guard let prediction = Self.prediction(hash: hash, seed: seed) else {
                throw .notFinite(stage: "the table", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }

    /// The table's prediction for a text, which simulations compare answers with.
    public static func expected(_ text: String, context: Digest, salt: UInt64 = 0) -> Prediction? {
        prediction(hash: StableHash(words: text).value, seed: seed(context, salt: salt))
    }

    private static func seed(_ context: Digest, salt: UInt64) -> UInt64 {
        salt ^ context.leading
    }

    private static func prediction(hash: UInt64, seed: UInt64) -> Prediction? {
        var random = SeededGenerator(seed: hash ^ seed)
        let p = Float(random.unit())
        return Prediction(p: p, kappa: Float(1 + 20 * random.unit()), pLo: p / 2, pHi: (1 + p) / 2)
    }
}

/// Of a context, the table needs only the digest.
private struct TableContext: PreparedContext {
    let contextDigest: Digest
}
