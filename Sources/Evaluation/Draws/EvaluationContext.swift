internal import PredictionMetrics
internal import ReferenceDraws
internal import Scoring

/// Computes every predictor's score for one draw, at each size of its context.
struct EvaluationContext {
    private let draw: ContextDraw
    private let source: String
    private let rows: [ContextSet.Row]
    private let digests: [Digest]
    private let features: TextFeatures
    private let queries: [DrawnReferences.Prompt]
    private let queryFeatures: FeatureMatrix
    private let neighbours: NearestNeighbours?
    private let oracle: [Double?]
    private let options: EvaluationOptions

    /// Collects texts and features of a draw. `oracle` is by query. Precondition: the draw's texts have features.
    init(
        _ draw: ContextDraw, of source: EvaluationSource, keys: [String: DrawKey], features: TextFeatures,
        options: EvaluationOptions, oracle: [Double?]
    ) {
        self.draw = draw
        self.source = source.name
        self.options = options
        self.oracle = oracle
        self.features = features
        rows = draw.context.map { ContextSet.Row(text: source.prompts[$0.promptID] ?? "", outcome: $0.outcome) }
        digests = draw.context.compactMap { keys[$0.promptID]?.digest }
        queries = draw.queries.compactMap { row in
            guard let text = source.prompts[row.promptID], let key = keys[row.promptID] else { return nil }
            return DrawnReferences.Prompt(text: text, digest: key.digest)
        }
        let asked = features.matrix(queries.map(\.text))
        queryFeatures = asked
        let context = features.matrix(rows.map(\.text))
        neighbours = options.embeddingColumns.map { NearestNeighbours(context: context, queries: asked, columns: $0) }
    }

    /// Scores of baselines and oracle with the first `count` rows of the context.
    func scores(rows count: Int) throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)] {
        let context = try context(Array(rows.prefix(count)))
        var answers = baselines(context, features.matrix(context.texts))
        if oracle.contains(where: { $0 != nil }) { answers.append(Answer(.otherPolicies, ranking: oracle)) }
        return try scores(of: answers, context)
    }

    /// Scores of heads with the first `count` rows of the context, under an arm with the references drawn for it.
    func scores(
        rows count: Int, heads: [EvaluatedHead], arm: ReferenceArm, references: DrawnReferences?
    ) throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)] {
        let first = Array(rows.prefix(count))
        var joined: (context: ContextSet?, queries: [SideInformation]) = (nil, [])
        if let references {
            joined = references.joined(first, digests: Array(digests.prefix(count)), queries: queries)
        }
        var context = try context(first)
        if let known = joined.context { context = known }
        let contextFeatures = features.matrix(context.texts)
        let asked = QuerySet(texts: queries.map(\.text), features: queryFeatures, side: joined.queries)
        var answers: [Answer] = []
        for head in heads {
            do throws(ValueModelError) {
                let prepared = try head.model.prepare(context, features: contextFeatures)
                let predictions = try head.model.predict(asked, in: prepared)
                let predictor = Predictor(
                    head: head.name, references: arm, coverage: options.references.coverage)
                answers.append(
                    Answer(
                        predictor, probabilities: predictions.map { Double($0.p) },
                        kappas: predictions.map { Double($0.kappa) }))
            } catch {
                throw .model(source: source, error)
            }
        }
        return try scores(of: answers, context)
    }

    private func context(_ rows: [ContextSet.Row]) throws(EvaluationError) -> ContextSet {
        guard let context = ContextSet(rows) else {
            throw .optionOutOfRange(name: "context size", value: rows.count, range: "1…\(ContextSet.rowsMax)")
        }
        return context
    }

    private func scores(
        of answers: [Answer], _ context: ContextSet
    ) throws(EvaluationError) -> [(predictor: Predictor, score: ContextScore)] {
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
        answers.append(Answer(.length, ranking: queries.map { sign * Double($0.text.utf8.count) }))
        answers.append(Answer(.constant, probabilities: queries.map { _ in context.baseRate }))
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
