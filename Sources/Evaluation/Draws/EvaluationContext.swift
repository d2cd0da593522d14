internal import PredictionMetrics
internal import Scoring

/// Computes every predictor's score for one draw, at each size of its context.
struct EvaluationContext {
    private let draw: ContextDraw
    private let source: String
    private let rows: [ContextSet.Row]
    private let features: FeatureMatrix
    private let queryTexts: [String]
    private let queryFeatures: FeatureMatrix
    private let neighbours: NearestNeighbours?
    private let oracle: [Double?]
    private let options: EvaluationOptions

    /// Collects texts and features of a draw. `oracle` is by query. Precondition: the draw's texts have features.
    init(
        _ draw: ContextDraw, of source: EvaluationSource, features: TextFeatures, options: EvaluationOptions,
        oracle: [Double?]
    ) {
        self.draw = draw
        self.source = source.name
        self.options = options
        self.oracle = oracle
        rows = draw.context.map { ContextSet.Row(text: source.prompts[$0.promptID] ?? "", outcome: $0.outcome) }
        queryTexts = draw.queries.map { source.prompts[$0.promptID] ?? "" }
        let context = features.matrix(rows.map(\.text))
        let queries = features.matrix(queryTexts)
        self.features = context
        queryFeatures = queries
        neighbours = options.embeddingColumns.map { NearestNeighbours(context: context, queries: queries, columns: $0) }
    }

    /// Scores of heads, baselines and oracle with the first `count` rows of the context.
    func scores(
        rows count: Int, heads: [EvaluatedHead]
    ) throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)] {
        let first = Array(rows.prefix(count))
        guard let context = ContextSet(first) else {
            throw .optionOutOfRange(name: "context size", value: first.count, range: "1…\(ContextSet.rowsMax)")
        }
        let contextFeatures = features.selecting(Array(first.indices))
        var answers: [Answer] = []
        for head in heads {
            do throws(ValueModelError) {
                let prepared = try head.model.prepare(context, features: contextFeatures)
                let predictions = try head.model.predict(
                    QuerySet(texts: queryTexts, features: queryFeatures), in: prepared)
                answers.append(
                    Answer(
                        Predictor(name: head.name, kind: .head), probabilities: predictions.map { Double($0.p) },
                        kappas: predictions.map { Double($0.kappa) }))
            } catch {
                throw .model(source: source, error)
            }
        }
        answers += baselines(context, contextFeatures)
        if oracle.contains(where: { $0 != nil }) { answers.append(Answer(.otherPolicies, ranking: oracle)) }
        var scores: [(Predictor, ContextScore)] = []
        for answer in answers {
            let score = try ContextScore(answer, to: draw, of: source, context: context, options: options)
            scores.append((answer.predictor, score))
        }
        return scores
    }

    private func baselines(_ context: ContextSet, _ contextFeatures: FeatureMatrix) -> [Answer] {
        let rewards = context.rows.map(\.outcome.reward)
        var answers: [Answer] = []
        if let columns = options.embeddingColumns, let neighbours {
            answers.append(Answer(.knn10, probabilities: neighbours.meanReward(of: 10, rewards: rewards)))
            let logistic = LogisticRegression(context: contextFeatures, rewards: rewards, embeddingColumns: columns)
            answers.append(Answer(.logistic, probabilities: logistic.predict(queryFeatures)))
        }
        let sign = Self.sign(lengths: context.rows.map { Double($0.text.utf8.count) }, rewards: rewards)
        answers.append(Answer(.length, ranking: queryTexts.map { sign * Double($0.utf8.count) }))
        answers.append(Answer(.constant, probabilities: queryTexts.map { _ in context.baseRate }))
        return answers
    }

    /// Sign of the covariance; + if it is 0.
    private static func sign(lengths: [Double], rewards: [Double]) -> Double {
        let meanReward = rewards.reduce(0, +) / Double(rewards.count)
        let meanLength = lengths.reduce(0, +) / Double(lengths.count)
        let covariance = zip(lengths, rewards).reduce(0) { $0 + ($1.0 - meanLength) * ($1.1 - meanReward) }
        return covariance < 0 ? -1 : 1
    }
}
