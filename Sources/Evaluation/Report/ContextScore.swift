internal import Planning
internal import Scoring

/// Why a context was not scored.
enum SkippedContext: String, Error {
    case noContextRows = "no context rows"
    case noQueryRows = "no query rows"
    case tooFewOfOneClass = "too few queries of one class"
}

/// What one predictor came to in one context.
struct ContextScore {
    let policy: Policy
    let seed: Int
    /// Rows that the context has, at most as many as were asked for.
    let contextRows: Int
    /// Queries that were ranked.
    let ranked: Int
    /// Of the queries that were ranked; `nil` where they have too few of a class.
    let auc: Double?
    /// For a predictor that gives probabilities.
    let queries: ScoredQueries?
    /// For a head, where budgets were asked for and the outcomes are rates.
    let budgets: RealisedBudgets?

    /// Scores an answer. Throws what metrics and planning refuse of it.
    init(
        _ answer: Answer, to draw: ContextDraw, context: ContextSet, options: EvaluationOptions
    ) throws(PlanningError) {
        let ranked = answer.ranking.indices.filter { answer.ranking[$0] != nil }
        let labels = ranked.map { draw.queries[$0].outcome.isSuccess }
        let successes = labels.count { $0 }
        let isRankable = min(successes, labels.count - successes) >= options.classMin
        policy = draw.policy
        seed = draw.seed
        contextRows = context.rows.count
        self.ranked = ranked.count
        auc =
            isRankable
            ? EvaluationMetrics.auc(predictions: ranked.compactMap { answer.ranking[$0] }, labels: labels) : nil
        guard answer.isProbability else {
            queries = nil
            budgets = nil
            return
        }
        let queries = try ScoredQueries(
            context: "\(draw.policy)", promptIDs: draw.queries.map(\.promptID),
            predictions: answer.ranking.compactMap { $0 }, outcomes: draw.queries.map(\.outcome),
            kappas: answer.kappas, contextMean: context.baseRate)
        if let range = options.budget, answer.predictor.kind == .head {
            budgets = try RealisedBudgets(queries, range: range)
        } else {
            budgets = nil
        }
        self.queries = queries
    }
}
