import Scoring

/// A model whose features are a text's number and whose predictions are a function of it. It records its calls.
final class TableModel: ValueModel {
    struct Prepared: PreparedContext {
        let contextDigest: Digest
        let baseRate: Double
    }

    let fingerprint = ModelFingerprint(name: "table", digest: Digest(of: "table"))
    /// The prediction for a text `t<number>`.
    let answer: (Int) -> Float
    private(set) var embedded: [String] = []
    private(set) var contexts: [ContextSet] = []
    private(set) var queries: [[Int]] = []
    var failure: ValueModelError?
    /// Whether a query's prediction is the mean of its references' rewards, if it has any.
    var followsReferences = false

    init(answer: @escaping (Int) -> Float) { self.answer = answer }

    /// `(P, 3)`: a unit vector by the number's parity, and the number.
    func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        if let failure { throw failure }
        embedded += texts
        var values: [Float] = []
        for text in texts {
            let number = Float(text.drop { $0 == "t" }.prefix { $0 != " " }) ?? -1
            values += Int(number) % 2 == 0 ? [1, 0, number] : [0, 1, number]
        }
        return FeatureMatrix(
            columns: 3, values: values, isTruncated: [Bool](repeating: false, count: texts.count))
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) throws(ValueModelError) -> any PreparedContext {
        contexts.append(context)
        return Prepared(contextDigest: context.digest, baseRate: context.baseRate)
    }

    func predict(
        _ queries: QuerySet, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        let numbers = (0..<queries.rows).map { Int(queries.row($0).last ?? -1) }
        self.queries.append(numbers)
        var predictions: [Prediction] = []
        for (row, number) in numbers.enumerated() {
            let references = followsReferences ? queries.side(row).references : []
            let mean = references.reduce(0) { $0 + Float($1.outcome.reward) } / Float(max(1, references.count))
            let p = references.isEmpty ? answer(number) : mean
            guard let prediction = Prediction(p: p, kappa: 2, pLo: p, pHi: p) else {
                throw .notFinite(stage: "table", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}
