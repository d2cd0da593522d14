public import PredictionMetrics

/// Figures of one predictor on one source, or on the mean of sources, at one context size.
///
/// AUC is a mean over distinct draws, then over policy versions. Calibration and residuals are pooled over the policy versions
/// of one seed, then averaged over seeds. The mean weighs sources equally, and includes only those that have the
/// figure. A figure that the data cannot define is absent.
public struct PredictorFigures: Codable, Hashable, Sendable {
    /// How beliefs fit outcomes of several rollouts, over contexts that mostly have such outcomes, pooled over seeds.
    /// See `BeliefFit`.
    public struct Belief: Codable, Hashable, Sendable {
        /// Queries of several rollouts, over all seeds.
        public let queries: Int
        /// Share of them inside the central 80 % of their beta-binomial distribution.
        public let coverage: Double
        /// The value of `coverage` if the beliefs were right.
        public let coverageExpected: Double
        /// Log likelihood per query under the beliefs, in nats.
        public let logLikelihood: Double
        /// Log likelihood per query under the means alone, in nats.
        public let logLikelihoodOfMean: Double

        enum CodingKeys: String, CodingKey {
            case queries, coverage
            case coverageExpected = "coverage_expected"
            case logLikelihood = "log_likelihood"
            case logLikelihoodOfMean = "log_likelihood_of_mean"
        }
    }

    /// One distinct draw of a policy version.
    public struct Draw: Codable, Hashable, Sendable {
        /// The policy at its version.
        public let policy: String
        /// Seed of the draw.
        public let seed: Int
        /// Rows of its context.
        public let rows: Int
        /// Its AUC; absent where its queries have too few of either class.
        public let auc: Double?
    }

    /// Name of the source; `mean` for the mean.
    public let source: String
    /// Number of sources behind the AUC; 1 unless it is the mean.
    public let sources: Int
    /// Contexts (policy versions at a seed) behind the AUC; a draw of the same rows and queries as an earlier one does
    /// not count.
    public let contexts: Int
    /// Ranked queries, over all seeds.
    public let queries: Int
    /// Mean number of rows of the contexts.
    public let contextRows: Double?
    /// Intra-context AUC.
    public let auc: Double?
    /// Its standard error, √(policies² + draws²), see `SpreadEstimate`; for the mean, from those of the sources.
    public let aucStandardError: Double?
    /// Its part over policy versions.
    public let aucStandardErrorOverPolicies: Double?
    /// Its part over draws of context rows.
    public let aucStandardErrorOverDraws: Double?
    /// Mean over contexts of Spearman's correlation of p with the success rate.
    public let spearman: SpreadEstimate?
    /// AUC minus that of the same head without references on the same draws; only for a head with references.
    public let referenceGain: SpreadEstimate?
    /// By policy version and seed, for comparisons on the same draws; absent for the mean.
    public let draws: [Draw]?
    /// AUC minus the reference's AUC on the same draws.
    public let gain: Double?
    /// The paired standard error of `gain`, computed like `aucStandardError`.
    public let gainStandardError: Double?
    /// Expected calibration error, 15 bins of equal mass over the source's queries of a seed.
    public let ece: Double?
    /// The value of `ece` by chance alone if the predictions were right (`calibrationErrorExpected`).
    public let eceExpected: Double?
    /// Mean squared difference of p and the reward.
    public let brier: Double?
    /// Mean cross-entropy in nats, p clipped to [0.005, 0.995].
    public let logLoss: Double?
    /// Spearman's correlation of p − reward with the context's mean reward.
    public let shortcut: Double?
    /// The value of `shortcut` if the predictions were right (`shortcutExpected`). Not 0, because outcomes are yes or
    /// no.
    public let shortcutExpected: Double?
    /// Spearman's correlation of p − reward with the prompt's mean over the source's other contexts.
    public let difficulty: Double?
    /// Fit of the beliefs; only for heads, where outcomes are rates.
    public let belief: Belief?
    /// The reliability diagram: 15 points of equal mass over all queries and seeds; for the mean, of all sources.
    public let reliability: [ReliabilityPoint]?

    enum CodingKeys: String, CodingKey {
        case source, sources, contexts, queries, auc, gain, ece, brier, shortcut, difficulty, belief, reliability,
            spearman
        case draws
        case aucStandardErrorOverPolicies = "auc_stderr_policies"
        case aucStandardErrorOverDraws = "auc_stderr_draws"
        case referenceGain = "reference_gain"
        case contextRows = "context_rows"
        case aucStandardError = "auc_stderr"
        case gainStandardError = "gain_stderr"
        case eceExpected = "ece_expected"
        case shortcutExpected = "shortcut_expected"
        case logLoss = "log_loss"
    }
}

extension PredictorFigures {
    /// Figures of a predictor on one source.
    init(_ tally: PredictorTally, reference: PredictorTally?, withoutReferences: PredictorTally?) {
        let auc = tally.auc
        let gain = reference.flatMap { tally.gain(over: $0) }
        let queries = tally.scores.compactMap(\.queries)
        let points = EvaluationMetrics.reliability(queries)
        self.init(
            source: tally.source, sources: auc == nil ? 0 : 1, contexts: tally.scores.count { $0.auc != nil },
            queries: tally.scores.reduce(0) { $0 + $1.ranked },
            contextRows: MeanEstimate(tally.scores.map { Double($0.contextRows) })?.mean,
            auc: auc?.value, aucStandardError: auc?.error, aucStandardErrorOverPolicies: auc?.overPolicies,
            aucStandardErrorOverDraws: auc?.overDraws, spearman: tally.estimate(\.spearman),
            referenceGain: withoutReferences.flatMap { tally.gain(over: $0) },
            draws: tally.scores.map {
                Draw(policy: "\($0.policy)", seed: $0.seed, rows: $0.contextRows, auc: $0.auc)
            }, gain: gain?.value, gainStandardError: gain?.error,
            ece: tally.overSeeds { EvaluationMetrics.calibrationError($0) }?.mean,
            eceExpected: tally.overSeeds { EvaluationMetrics.calibrationErrorExpected($0) }?.mean,
            brier: tally.overSeeds(EvaluationMetrics.brier)?.mean,
            logLoss: tally.overSeeds(EvaluationMetrics.logLoss)?.mean,
            shortcut: tally.overSeeds(EvaluationMetrics.shortcutCorrelation)?.mean,
            shortcutExpected: tally.overSeeds { EvaluationMetrics.shortcutExpected($0) }?.mean,
            difficulty: tally.overSeeds(EvaluationMetrics.difficultyCorrelation)?.mean,
            belief: EvaluationMetrics.beliefFit(queries.filter(\.isMostlyRepeated)).map(Belief.init),
            reliability: points.isEmpty ? nil : points)
    }

    /// The mean over sources of one predictor's figures; `tallies` are the same sources'.
    init(meanOf sources: [PredictorFigures], tallies: [PredictorTally], name: String = "mean") {
        func mean(_ figure: (PredictorFigures) -> Double?) -> Double? {
            MeanEstimate(sources.compactMap(figure))?.mean
        }
        /// Sources are independent: √(Σ variances) divided by their number. A source without a standard error adds
        /// none.
        func error(_ figure: (PredictorFigures) -> Double?, _ error: (PredictorFigures) -> Double?) -> Double? {
            let counted = sources.filter { figure($0) != nil }
            let variances = counted.compactMap { source in error(source).map { $0 * $0 } }
            return variances.isEmpty ? nil : variances.reduce(0, +).squareRoot() / Double(counted.count)
        }
        let beliefs = sources.compactMap(\.belief)
        func beliefMean(_ figure: (Belief) -> Double) -> Double {
            beliefs.reduce(0) { $0 + figure($1) } / Double(max(1, beliefs.count))
        }
        let points = EvaluationMetrics.reliability(tallies.flatMap { $0.scores.compactMap(\.queries) })
        self.init(
            source: name, sources: sources.count { $0.auc != nil }, contexts: sources.reduce(0) { $0 + $1.contexts },
            queries: sources.reduce(0) { $0 + $1.queries }, contextRows: mean(\.contextRows), auc: mean(\.auc),
            aucStandardError: error(\.auc, \.aucStandardError),
            aucStandardErrorOverPolicies: error(\.auc, \.aucStandardErrorOverPolicies),
            aucStandardErrorOverDraws: error(\.auc, \.aucStandardErrorOverDraws),
            spearman: SpreadEstimate(meanOf: sources.compactMap(\.spearman)),
            referenceGain: SpreadEstimate(meanOf: sources.compactMap(\.referenceGain)), draws: nil, gain: mean(\.gain),
            gainStandardError: error(\.gain, \.gainStandardError), ece: mean(\.ece), eceExpected: mean(\.eceExpected),
            brier: mean(\.brier), logLoss: mean(\.logLoss), shortcut: mean(\.shortcut),
            shortcutExpected: mean(\.shortcutExpected), difficulty: mean(\.difficulty),
            belief: beliefs.isEmpty
                ? nil
                : Belief(
                    queries: beliefs.reduce(0) { $0 + $1.queries }, coverage: beliefMean(\.coverage),
                    coverageExpected: beliefMean(\.coverageExpected), logLikelihood: beliefMean(\.logLikelihood),
                    logLikelihoodOfMean: beliefMean(\.logLikelihoodOfMean)),
            reliability: points.isEmpty ? nil : points)
    }
}

extension PredictorFigures.Belief {
    init(_ fit: BeliefFit) {
        self.init(
            queries: fit.queries, coverage: fit.coverage, coverageExpected: fit.coverageExpected,
            logLikelihood: fit.beliefLogLikelihood, logLikelihoodOfMean: fit.pointLogLikelihood)
    }
}
