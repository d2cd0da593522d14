internal import Planning
internal import Scoring

/// What `statezero evaluate` found: a line a source, and their mean; then all predictors beside each other.
///
/// `sources` and `mean` are of the first head at the largest context size, `comparison` has every head and size. Every
/// figure of a source is first computed per seed over all its contexts (policy versions), then averaged over seeds. The
/// mean over sources weighs sources equally. A figure that the data cannot define is absent.
public struct EvaluationReport: Codable, Hashable, Sendable {
    /// AUC of rankings without a model, averaged as the model's own. `nil` where it was not computed.
    public struct Baselines: Codable, Hashable, Sendable {
        /// The context's base rate for every query: 0.5 by definition.
        public let constant: Double?
        /// Rank by the prompt's length in bytes; the sign is that of its correlation with the reward in the context.
        public let length: Double?
        /// Mean reward of the 10 context rows nearest by cosine of the embedding.
        public let knn10: Double?
    }

    /// The figures of a source, or of the mean of sources.
    public struct Figures: Codable, Hashable, Sendable {
        /// Name of the source; `mean` for the mean.
        public let source: String
        /// Distinct policies with at least one context that counted.
        public let policies: Int
        /// Contexts (policy versions) that counted, over all seeds.
        public let contexts: Int
        /// Predictions that were scored, over all seeds.
        public let queries: Int
        /// Contexts that were skipped, over all seeds, by reason.
        public let skipped: [String: Int]
        /// Mean over contexts of the AUC for the label reward ≥ 0.5.
        public let intraContextAUC: Double?
        /// Standard error of `intraContextAUC` over seeds: how much it hangs on the rows drawn, not on the policies.
        public let standardError: Double?
        /// The same mean, contexts weighted by their number of queries.
        public let groupAUC: Double?
        /// Expected calibration error, 15 bins of equal mass over all the source's queries of a seed.
        public let ece: Double?
        /// Mean squared error of p against the reward.
        public let brier: Double?
        /// `ece` of the context's base rate, for comparison.
        public let constantECE: Double?
        /// `brier` of the context's base rate, for comparison.
        public let constantBrier: Double?
        /// Intra-context AUC of rankings without a model.
        public let baselines: Baselines

        enum CodingKeys: String, CodingKey {
            case source, policies, contexts, queries, skipped, ece, brier, baselines
            case intraContextAUC = "intra_context_auc"
            case standardError = "stderr"
            case groupAUC = "gauc"
            case constantECE = "constant_ece"
            case constantBrier = "constant_brier"
        }
    }

    /// By name of the source.
    public let sources: [Figures]
    /// Mean over sources; counts are sums.
    public let mean: Figures
    /// Every head, baseline and context size on the same draws.
    public let comparison: EvaluationComparison
}

extension EvaluationReport {
    /// Averages seeds into sources and sources into the mean.
    init(_ tallies: [SourceTally], first head: String, options: EvaluationOptions) {
        sources = tallies.map { Figures($0, head: head) }
        // The standard error of the mean is that of the seeds' means over sources; a seed that lacks a source would
        // compare different sources, so only complete seeds count.
        let scored = tallies.compactMap { $0.sizes.last?.tally(of: head)?.bySeed }
        let complete = scored.map(\.count).min() ?? 0
        let seedMeans = (0..<complete).compactMap { seed in
            EvaluationMetrics.ContextMean(
                scored.compactMap { EvaluationMetrics.ContextMean($0[seed].compactMap(\.auc))?.mean })?.mean
        }
        mean = Figures(meanOf: sources, standardError: EvaluationMetrics.ContextMean(seedMeans)?.standardError)
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
            EvaluationMetrics.ContextMean(sources.compactMap(figure))?.mean
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
