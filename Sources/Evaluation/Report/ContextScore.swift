internal import Planning
internal import PredictionMetrics
internal import Scoring

/// Why a context is not scored.
enum SkippedContext: String, Error {
    case noContextRows = "no context rows"
    case noQueryRows = "no query rows"
    case tooFewOfOneClass = "too few queries of one class"
}

/// The metrics of one predictor in one context.
struct ContextScore {
    let policy: Policy
    let seed: Int
    /// Whether it is the score of an earlier seed that drew the same rows.
    let isRepeat: Bool
    /// Rows of the context, at most as many as requested.
    let contextRows: Int
    /// Queries that were ranked.
    let ranked: Int
    /// AUC of the ranked queries; `nil` where they have too few of either class.
    let auc: Double?
    /// Spearman's correlation of the ranked queries' values with their success rates; `nil` where one side is constant.
    let spearman: Double?
    /// Queries with predictions; `nil` for a predictor that only ranks.
    let queries: ScoredQueries?
    /// Values of plans; only for a head, where plans were requested and outcomes are rates.
    let budgets: RealisedBudgets?

    /// The same score at a seed that draws the same rows.
    func repeated(seed: Int) -> ContextScore { ContextScore(self, seed: seed) }

    private init(_ score: ContextScore, seed: Int) {
        policy = score.policy
        self.seed = seed
        isRepeat = true
        contextRows = score.contextRows
        ranked = score.ranked
        auc = score.auc
        spearman = score.spearman
        queries = score.queries
        budgets = score.budgets
    }

    /// Scores an answer. Throws `metric` naming the source for invalid predictions.
    init(
        _ answer: Answer, to draw: ContextDraw, of source: String, context: ContextSet, options: EvaluationOptions
    ) throws(EvaluationError) {
        let ranked = answer.ranking.indices.filter { answer.ranking[$0] != nil }
        let labels = ranked.map { draw.queries[$0].outcome.isSuccess }
        let successes = labels.count { $0 }
        let isRankable = min(successes, labels.count - successes) >= options.classMin
        policy = draw.policy
        seed = draw.seed
        isRepeat = false
        contextRows = context.rows.count
        self.ranked = ranked.count
        auc =
            isRankable
            ? EvaluationMetrics.auc(predictions: ranked.compactMap { answer.ranking[$0] }, labels: labels) : nil
        spearman =
            isRankable
            ? EvaluationMetrics.spearman(
                ranked.compactMap { answer.ranking[$0] }, ranked.map { draw.queries[$0].outcome.reward }) : nil
        guard answer.isProbability else {
            queries = nil
            budgets = nil
            return
        }
        do {
            let queries = try ScoredQueries(
                context: "\(draw.policy)", promptIDs: draw.queries.map(\.promptID),
                predictions: answer.ranking.compactMap { $0 }, outcomes: draw.queries.map(\.outcome),
                kappas: answer.kappas, contextMean: context.baseRate)
            let range = answer.predictor.kind == .head ? options.budget : nil
            budgets = try range.flatMap { (range) throws(PlanningError) in try RealisedBudgets(queries, range: range) }
            self.queries = queries
        } catch {
            throw .metric(source: source, "\(error)")
        }
    }
}
