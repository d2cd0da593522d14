internal import PredictionMetrics
internal import Scoring

/// Scores of one predictor on one source at one context size, by seed and policy version.
struct PredictorTally {
    let source: String
    let predictor: Predictor
    /// Also those that repeat an earlier seed.
    private var all: [ContextScore] = []

    init(source: String, predictor: Predictor) {
        self.source = source
        self.predictor = predictor
    }

    mutating func add(_ score: ContextScore) { all.append(score) }

    /// Scores of distinct draws.
    var scores: [ContextScore] { all.filter { !$0.isRepeat } }

    /// Scores by seed, without seeds that only repeat others. Of a seed that has a new draw of one policy, the repeated
    /// draws of the others count too: figures that pool the policies compare the same policies at every seed.
    var bySeed: [[ContextScore]] {
        Dictionary(grouping: all, by: \.seed).sorted { $0.key < $1.key }.map(\.value)
            .filter { $0.contains { !$0.isRepeat } }
    }

    /// Mean over a policy version's distinct draws, then over policy versions, with its standard errors.
    func estimate(_ figure: (ContextScore) -> Double?) -> SpreadEstimate? {
        let known = scores.compactMap { score in figure(score).map { (policy: score.policy, value: $0) } }
        let means = Dictionary(grouping: known, by: \.policy).compactMapValues { MeanEstimate($0.map(\.value))?.mean }
        let policies = means.sorted { $0.key < $1.key }.map(\.value)
        guard let mean = MeanEstimate(policies) else { return nil }
        // Deviations from the policies' own means, so that a seed that lacks a policy compares like with like.
        let effects = bySeed.compactMap { seed in
            MeanEstimate(
                seed.compactMap { score in
                    guard let value = figure(score), let own = means[score.policy] else { return nil }
                    return value - own
                })?.mean
        }
        return SpreadEstimate(
            value: mean.mean, overPolicies: mean.standardError, overDraws: MeanEstimate(effects)?.standardError)
    }

    /// AUC of a context.
    var auc: SpreadEstimate? { estimate(\.auc) }

    /// AUC minus the other's on the same draws, where both have one.
    func gain(over other: PredictorTally) -> SpreadEstimate? {
        struct Draw: Hashable {
            let policy: Policy
            let seed: Int
        }
        var known: [Draw: Double] = [:]
        for score in other.all { known[Draw(policy: score.policy, seed: score.seed)] = score.auc }
        return estimate { score in
            guard let auc = score.auc, let base = known[Draw(policy: score.policy, seed: score.seed)] else {
                return nil
            }
            return auc - base
        }
    }

    /// Mean over seeds of a figure that is pooled over a seed's contexts; its standard error over seeds.
    func overSeeds(_ figure: ([ScoredQueries]) -> Double?) -> MeanEstimate? {
        MeanEstimate(
            bySeed.compactMap { scores in
                let queries = scores.compactMap(\.queries)
                return queries.isEmpty ? nil : figure(queries)
            })
    }
}
