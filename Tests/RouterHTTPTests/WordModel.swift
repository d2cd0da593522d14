import Scoring

/// A value model whose answers can be computed by hand: prompts with the word "hard" are one kind, the others another,
/// and p is the mean reward of the history's rows of the same kind, or of all where there is none. Where references
/// have outcomes on the prompt, p is their mean.
final class WordModel: ValueModel {
    let fingerprint = ModelFingerprint(name: "words", digest: Digest(of: "words"))

    struct Context: PreparedContext {
        let contextDigest: Digest
        let means: [Float]
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        FeatureMatrix(
            columns: 1, values: texts.map { $0.contains("hard") ? 1 : 0 }, isTruncated: texts.map { _ in false })
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
        let means: [Float] = [0, 1].map { (kind: Float) in
            let rewards = context.rows.indices.filter { features.values[$0] == kind }
                .map { context.rows[$0].outcome.reward }
            return rewards.isEmpty ? Float(context.baseRate) : Float(rewards.reduce(0, +) / Double(rewards.count))
        }
        return Context(contextDigest: context.digest, means: means)
    }

    func predict(
        _ queries: QuerySet, in context: any PreparedContext
    ) throws(ValueModelError) -> [Prediction] {
        guard let context = context as? Context else { throw .foreignContext(context.contextDigest) }
        var predictions: [Prediction] = []
        for (row, value) in queries.features.values.enumerated() {
            let known = queries.side(row).references.map(\.outcome.reward)
            let p =
                known.isEmpty ? context.means[Int(value)] : Float(known.reduce(0, +) / Double(known.count))
            guard let prediction = Prediction(p: p, kappa: 10, pLo: p, pHi: p) else {
                throw .notFinite(stage: "words", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}

/// Histories of it: a share of easy and a share of hard prompts that were right.
enum WordHistory {
    static func rows(easy: Double, hard: Double, count: Int = 40) -> [ContextSet.Row] {
        (0..<count).compactMap { index in
            let isHard = index % 2 == 1
            return Outcome(reward: isHard ? hard : easy).map {
                ContextSet.Row(text: "\(isHard ? "hard" : "easy") \(index)", outcome: $0)
            }
        }
    }
}
