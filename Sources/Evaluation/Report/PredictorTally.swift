internal import PredictionMetrics
internal import Scoring

/// Scores of one predictor on one source at one context size, by seed and policy version.
struct PredictorTally {
    let source: String
    let predictor: Predictor
    private(set) var scores: [ContextScore] = []

    init(source: String, predictor: Predictor) {
        self.source = source
        self.predictor = predictor
    }

    mutating func add(_ score: ContextScore) { scores.append(score) }

    /// Scores by seed.
    var bySeed: [[ContextScore]] {
        Dictionary(grouping: scores, by: \.seed).sorted { $0.key < $1.key }.map(\.value)
    }

    /// Mean over seeds, then over policy versions, with its standard error over policy versions. If there is only one
    /// version, the standard error is over its draws.
    static func overPolicies(_ values: [(policy: Policy, value: Double)]) -> MeanEstimate? {
        let byPolicy = Dictionary(grouping: values, by: \.policy).sorted { $0.key < $1.key }
        let means = byPolicy.compactMap { MeanEstimate($0.value.map(\.value))?.mean }
        return MeanEstimate(means.count > 1 ? means : values.map(\.value))
    }

    /// AUC, averaged by `overPolicies`.
    var auc: MeanEstimate? {
        Self.overPolicies(scores.compactMap { score in score.auc.map { (score.policy, $0) } })
    }

    /// AUC minus the reference's on the same draws, where both have one.
    func gain(over reference: PredictorTally) -> MeanEstimate? {
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
    func overSeeds(_ figure: ([ScoredQueries]) -> Double?) -> MeanEstimate? {
        MeanEstimate(
            bySeed.compactMap { scores in
                let queries = scores.compactMap(\.queries)
                return queries.isEmpty ? nil : figure(queries)
            })
    }

    /// Mean over seeds of the mean over contexts of the AUC; its standard error over seeds.
    var aucOverSeeds: MeanEstimate? {
        MeanEstimate(
            bySeed.compactMap { MeanEstimate($0.compactMap(\.auc))?.mean })
    }
}
