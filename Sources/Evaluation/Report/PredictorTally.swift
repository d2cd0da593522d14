internal import Planning
internal import Scoring

/// What one predictor came to on one source at one context size: its scores by seed.
struct PredictorTally {
    let source: String
    let predictor: Predictor
    private(set) var scores: [ContextScore] = []

    init(source: String, predictor: Predictor) {
        self.source = source
        self.predictor = predictor
    }

    mutating func add(_ score: ContextScore) { scores.append(score) }

    /// Scores of one seed after the other.
    var bySeed: [[ContextScore]] {
        Dictionary(grouping: scores, by: \.seed).sorted { $0.key < $1.key }.map(\.value)
    }

    /// Mean over seeds, then over policy versions, with its standard error over policy versions; where there is but one
    /// of them, over its draws, which is all there is to say.
    static func overPolicies(_ values: [(policy: Policy, value: Double)]) -> EvaluationMetrics.ContextMean? {
        let byPolicy = Dictionary(grouping: values, by: \.policy).sorted { $0.key < $1.key }
        let means = byPolicy.compactMap { EvaluationMetrics.ContextMean($0.value.map(\.value))?.mean }
        return EvaluationMetrics.ContextMean(means.count > 1 ? means : values.map(\.value))
    }

    /// AUC, averaged and with an error as `overPolicies` says.
    var auc: EvaluationMetrics.ContextMean? {
        Self.overPolicies(scores.compactMap { score in score.auc.map { (score.policy, $0) } })
    }

    /// AUC less the reference's on the same draws, where both have one.
    func gain(over reference: PredictorTally) -> EvaluationMetrics.ContextMean? {
        struct Draw: Hashable {
            let policy: Policy
            let seed: Int
        }
        var known: [Draw: Double] = [:]
        for score in reference.scores { known[Draw(policy: score.policy, seed: score.seed)] = score.auc }
        return Self.overPolicies(
            scores.compactMap { score in
                guard let auc = score.auc, let other = known[Draw(policy: score.policy, seed: score.seed)] else {
                    return nil
                }
                return (score.policy, auc - other)
            })
    }

    /// Mean over seeds of a figure that is pooled over a seed's contexts; its standard error over seeds.
    func overSeeds(_ figure: ([ScoredQueries]) -> Double?) -> EvaluationMetrics.ContextMean? {
        EvaluationMetrics.ContextMean(
            bySeed.compactMap { scores in
                let queries = scores.compactMap(\.queries)
                return queries.isEmpty ? nil : figure(queries)
            })
    }

    /// Mean over seeds of the mean over contexts of the AUC; its standard error over seeds.
    var aucOverSeeds: EvaluationMetrics.ContextMean? {
        EvaluationMetrics.ContextMean(
            bySeed.compactMap { EvaluationMetrics.ContextMean($0.compactMap(\.auc))?.mean })
    }
}

/// All predictors on one source at one context size.
struct SizeTally {
    let size: Int
    private(set) var predictors: [PredictorTally] = []

    init(size: Int) { self.size = size }

    mutating func add(_ score: ContextScore, of predictor: Predictor, source: String) {
        let place = predictors.firstIndex { $0.predictor == predictor } ?? predictors.count
        if place == predictors.count { predictors.append(PredictorTally(source: source, predictor: predictor)) }
        predictors[place].add(score)
    }

    /// One predictor's tally.
    func tally(of name: String) -> PredictorTally? { predictors.first { $0.predictor.name == name } }
}

/// One source: what was scored, and what was skipped.
struct SourceTally {
    let source: String
    /// By size, in rising order.
    var sizes: [SizeTally]
    private(set) var skipped: [String: Int] = [:]

    init(source: String, sizes: [Int]) {
        self.source = source
        self.sizes = sizes.map { SizeTally(size: $0) }
    }

    mutating func skip(_ reason: SkippedContext) { skipped[reason.rawValue, default: 0] += 1 }
}
