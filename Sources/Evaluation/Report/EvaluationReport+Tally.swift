internal import PredictionMetrics
internal import Scoring

// Builds the report's figures from what an evaluation tallied.

extension EvaluationReport {
    /// Averages seeds into sources and sources into the mean.
    init(
        _ tallies: [SourceTally], first head: String, reading: [SourceReading], options: EvaluationOptions
    ) {
        sources = tallies.map { Figures($0, head: head) }
        let estimates = tallies.compactMap { $0.sizes.last?.tally(of: head)?.auc }
        mean = Figures(meanOf: sources, auc: SpreadEstimate(meanOf: estimates))
        self.reading = reading
        comparison = EvaluationComparison(tallies, options: options)
    }
}

extension EvaluationReport.Figures {
    init(_ tally: SourceTally, head: String) {
        let size = tally.sizes.last
        let mine = size?.tally(of: head)
        let constant = size?.tally(of: Predictor.constant.name)
        let auc = mine?.auc
        self.init(
            source: tally.source, policies: Set((mine?.scores ?? []).map(\.policy.id)).count,
            contexts: mine?.scores.count ?? 0,
            contextRows: MeanEstimate((mine?.scores ?? []).map { Double($0.contextRows) })?.mean,
            queries: (mine?.scores ?? []).reduce(0) { $0 + $1.ranked },
            skipped: tally.skipped, intraContextAUC: auc?.value, standardError: auc?.error,
            standardErrorOverPolicies: auc?.overPolicies, standardErrorOverDraws: auc?.overDraws,
            spearman: mine?.estimate(\.spearman)?.value,
            groupAUC: mine?.overSeeds(EvaluationMetrics.groupAUC)?.mean,
            ece: mine?.overSeeds { EvaluationMetrics.calibrationError($0) }?.mean,
            brier: mine?.overSeeds(EvaluationMetrics.brier)?.mean,
            constantECE: constant?.overSeeds { EvaluationMetrics.calibrationError($0) }?.mean,
            constantBrier: constant?.overSeeds(EvaluationMetrics.brier)?.mean,
            baselines: .init(
                constant: constant?.auc?.value,
                length: size?.tally(of: Predictor.length.name)?.auc?.value,
                knn10: size?.tally(of: Predictor.knn10.name)?.auc?.value))
    }

    init(meanOf sources: [EvaluationReport.Figures], auc: SpreadEstimate?) {
        func mean(_ figure: (EvaluationReport.Figures) -> Double?) -> Double? {
            MeanEstimate(sources.compactMap(figure))?.mean
        }
        self.init(
            source: "mean", policies: sources.reduce(0) { $0 + $1.policies },
            contexts: sources.reduce(0) { $0 + $1.contexts }, contextRows: mean(\.contextRows),
            queries: sources.reduce(0) { $0 + $1.queries },
            skipped: sources.reduce(into: [:]) { $0.merge($1.skipped, uniquingKeysWith: +) },
            intraContextAUC: mean(\.intraContextAUC), standardError: auc?.error,
            standardErrorOverPolicies: auc?.overPolicies, standardErrorOverDraws: auc?.overDraws,
            spearman: mean(\.spearman), groupAUC: mean(\.groupAUC),
            ece: mean(\.ece), brier: mean(\.brier), constantECE: mean(\.constantECE),
            constantBrier: mean(\.constantBrier),
            baselines: .init(
                constant: mean(\.baselines.constant), length: mean(\.baselines.length), knn10: mean(\.baselines.knn10)))
    }
}
