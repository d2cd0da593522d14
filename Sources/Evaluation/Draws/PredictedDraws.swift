internal import Scoring

/// Finds draws that repeat an earlier one: the same policy, context rows (as a set), queries and references.
///
/// That happens where a policy has no more rows than the context asks for. Such draws say nothing new, so they must not
/// make a standard error smaller.
struct PredictedDraws {
    private struct Key: Hashable {
        let policy: Policy
        let arm: String
        let references: [Policy]
        let context: Set<String>
        let queries: [String]
    }

    private var scores: [Key: [(predictor: Predictor, score: ContextScore)]] = [:]

    /// The scores of a draw with its first `rows` rows: those of an earlier draw, marked as repeats, or computed ones.
    mutating func scores(
        of draw: ContextDraw, rows: Int, arm: String, _ references: [Policy],
        compute: () throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)]
    ) throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)] {
        let key = Key(
            policy: draw.policy, arm: arm, references: references,
            context: Set(draw.context.prefix(rows).map(\.promptID)), queries: draw.queries.map(\.promptID))
        if let known = scores[key] { return known.map { ($0.predictor, $0.score.repeated(seed: draw.seed)) } }
        let computed = try compute()
        scores[key] = computed
        return computed
    }
}
