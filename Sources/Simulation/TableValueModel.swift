import Foundation
public import Scoring

/// A value model made of a hash: p from (text, context), instant, exact and free of order.
///
/// It stands in for a real model wherever the cluster is the subject: simulation, chaos tests, throughput benchmarks.
public final class TableValueModel: ValueModel {
    /// Names the table; two tables with different salts are different models.
    public let fingerprint: ModelFingerprint
    private let salt: UInt64
    private let pausePerText: Duration

    /// A table. Another salt gives other numbers; a pause makes it as slow as a real model, and changes no number.
    public init(salt: UInt64 = 0, pausePerText: Duration = .zero) {
        self.salt = salt
        self.pausePerText = pausePerText
        fingerprint = ModelFingerprint(name: "table-\(salt)", digest: Digest(of: "table model \(salt)"))
    }

    /// (P texts) -> (P, 4): the 64 bits of a hash of the text, sixteen to a number.
    public func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        var values: [Float] = []
        values.reserveCapacity(texts.count * 4)
        for text in texts {
            let hash = Self.hash(text)
            for shift in [0, 16, 32, 48] { values.append(Float(hash >> UInt64(shift) & 0xFFFF)) }
        }
        if pausePerText > .zero { Thread.sleep(forTimeInterval: pausePerText * texts.count / .seconds(1)) }
        return FeatureMatrix(columns: 4, values: values, isTruncated: Array(repeating: false, count: texts.count))
    }

    /// Keeps the context's digest, and fits nothing. `features` are `(N, 4)`, one row for each of the context's.
    public func prepare(
        _ context: ContextSet, features: FeatureMatrix
    ) throws(ValueModelError) -> any PreparedContext {
        guard features.rows == context.rows.count else {
            throw .rowsMismatch(expected: context.rows.count, found: features.rows)
        }
        return TableContext(contextDigest: context.digest)
    }

    /// (Q, 4) -> Q predictions, each from its own row's hash, the context's digest and the salt.
    public func predict(
        _ queries: FeatureMatrix, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard queries.columns == 4 else { throw .widthMismatch(expected: 4, found: queries.columns) }
        var predictions: [Prediction] = []
        predictions.reserveCapacity(queries.rows)
        for row in 0..<queries.rows {
            let hash = queries.row(row).enumerated().reduce(UInt64(0)) {
                $0 | UInt64($1.element) << UInt64(16 * $1.offset)
            }
            guard let prediction = Self.prediction(hash: hash, context: context.contextDigest, salt: salt) else {
                throw .notFinite(stage: "the table", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }

    /// What the table says of a text: the truth that simulations compare with.
    public static func expected(_ text: String, context: Digest, salt: UInt64 = 0) -> Prediction? {
        prediction(hash: hash(text), context: context, salt: salt)
    }

    private static func prediction(hash: UInt64, context: Digest, salt: UInt64) -> Prediction? {
        let seed = context.bytes.prefix(8).reduce(salt) { $0 << 8 ^ $0 >> 56 ^ UInt64($1) }
        var chance = SeededGenerator(seed: hash ^ seed)
        let p = Float(chance.unit())
        return Prediction(p: p, kappa: Float(1 + 20 * chance.unit()), pLo: p / 2, pHi: (1 + p) / 2)
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

/// The table needs to know of a context only which one it is.
private struct TableContext: PreparedContext {
    let contextDigest: Digest
}
