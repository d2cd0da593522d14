internal import PredictionMetrics
internal import Scoring

// Builds the report's figures from what an evaluation tallied.

extension EvaluationReport {
    /// Averages seeds into sources and sources into the mean.
    init(_ tallies: [SourceTally], first head: String, options: EvaluationOptions) {
        sources = tallies.map { Figures($0, head: head) }
        // The standard error of the mean is that of the seeds' means over sources. A seed that lacks a source would
        // compare different sources, so only complete seeds count.
        let scored = tallies.compactMap { $0.sizes.last?.tally(of: head)?.bySeed }
        let complete = scored.map(\.count).min() ?? 0
        let seedMeans = (0..<complete).compactMap { seed in
            MeanEstimate(
                scored.compactMap { MeanEstimate($0[seed].compactMap(\.auc))?.mean })?.mean
        }
        mean = Figures(meanOf: sources, standardError: MeanEstimate(seedMeans)?.standardError)
        comparison = EvaluationComparison(tallies, options: options)
    }
}

extension EvaluationReport.Figures {
    init(_ tally: SourceTally, head: String) {
        let size = tally.sizes.last
        let mine = size?.tally(of: head)
        let constant = size?.tally(of: Predictor.constant.name)
        let auc = mine?.aucOverSeeds
        self.init(
            source: tally.source, policies: Set((mine?.scores ?? []).map(\.policy.id)).count,
            contexts: mine?.scores.count ?? 0, queries: (mine?.scores ?? []).reduce(0) { $0 + $1.ranked },
            skipped: tally.skipped, intraContextAUC: auc?.mean, standardError: auc?.standardError,
            groupAUC: mine?.overSeeds(EvaluationMetrics.groupAUC)?.mean,
            ece: mine?.overSeeds { EvaluationMetrics.calibrationError($0) }?.mean,
            brier: mine?.overSeeds(EvaluationMetrics.brier)?.mean,
            constantECE: constant?.overSeeds { EvaluationMetrics.calibrationError($0) }?.mean,
            constantBrier: constant?.overSeeds(EvaluationMetrics.brier)?.mean,
            baselines: .init(
                constant: constant?.aucOverSeeds?.mean,
                length: size?.tally(of: Predictor.length.name)?.aucOverSeeds?.mean,
                knn10: size?.tally(of: Predictor.knn10.name)?.aucOverSeeds?.mean))
    }

    init(meanOf sources: [EvaluationReport.Figures], standardError: Double?) {
        func mean(_ figure: (EvaluationReport.Figures) -> Double?) -> Double? {
            MeanEstimate(sources.compactMap(figure))?.mean
        }
        self.init(
            source: "mean", policies: sources.reduce(0) { $0 + $1.policies },
            contexts: sources.reduce(0) { $0 + $1.contexts }, queries: sources.reduce(0) { $0 + $1.queries },
            skipped: sources.reduce(into: [:]) { $0.merge($1.skipped, uniquingKeysWith: +) },
            intraContextAUC: mean(\.intraContextAUC), standardError: standardError, groupAUC: mean(\.groupAUC),
            ece: mean(\.ece), brier: mean(\.brier), constantECE: mean(\.constantECE),
            constantBrier: mean(\.constantBrier),
            baselines: .init(
                constant: mean(\.baselines.constant), length: mean(\.baselines.length), knn10: mean(\.baselines.knn10)))
    }
}
