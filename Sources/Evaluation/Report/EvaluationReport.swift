/// Results of `statezero evaluate`: one line per source and their mean, then a comparison of all predictors.
///
/// `sources` and `mean` are of the first head at the largest context size; `comparison` has every head and size. Every
/// AUC of a source is a mean over draws, then over policy versions; calibration is computed per seed over all its contexts
/// (policy versions), then averaged over seeds. The mean over sources weighs sources equally. A figure that the data
/// cannot define is absent.
public struct EvaluationReport: Codable, Hashable, Sendable {
    /// AUC of rankings without a model, averaged like the model's own. `nil` where it was not computed.
    public struct Baselines: Codable, Hashable, Sendable {
        /// The context's base rate for every query: 0.5 by definition.
        public let constant: Double?
        /// Ranking by the prompt's length in bytes, with the sign of its correlation with the reward in the context.
        public let length: Double?
        /// Mean reward of the 10 context rows with the nearest embeddings by cosine.
        public let knn10: Double?
    }

    /// The figures of a source, or of the mean of sources.
    public struct Figures: Codable, Hashable, Sendable {
        /// Name of the source; `mean` for the mean.
        public let source: String
        /// Distinct policies with at least one scored context.
        public let policies: Int
        /// Scored contexts (policy versions), over all seeds; a draw of the same rows and queries as an earlier one does not
        /// count.
        public let contexts: Int
        /// Mean number of rows of the contexts: fewer than asked for where a policy version has fewer.
        public let contextRows: Double?
        /// Scored predictions, over the same contexts.
        public let queries: Int
        /// Skipped contexts by reason, over all seeds.
        public let skipped: [String: Int]
        /// Mean over contexts of the AUC for the label reward ≥ 0.5.
        public let intraContextAUC: Double?
        /// Standard error of `intraContextAUC`: √(policies² + draws²), see `SpreadEstimate`.
        public let standardError: Double?
        /// Its part over policy versions.
        public let standardErrorOverPolicies: Double?
        /// Its part over draws of context rows.
        public let standardErrorOverDraws: Double?
        /// Mean over contexts of Spearman's correlation of p with the success rate.
        public let spearman: Double?
        /// The same mean, with contexts weighted by their number of queries.
        public let groupAUC: Double?
        /// Expected calibration error, 15 bins of equal mass over all the source's queries of a seed.
        public let ece: Double?
        /// Mean squared difference of p and the reward.
        public let brier: Double?
        /// `ece` of the context's base rate, as a baseline.
        public let constantECE: Double?
        /// `brier` of the context's base rate, as a baseline.
        public let constantBrier: Double?
        /// Intra-context AUC of rankings without a model.
        public let baselines: Baselines

        enum CodingKeys: String, CodingKey {
            case source, policies, contexts, queries, skipped, ece, brier, baselines, spearman
            case contextRows = "context_rows"
            case intraContextAUC = "intra_context_auc"
            case standardError = "stderr"
            case standardErrorOverPolicies = "stderr_policies"
            case standardErrorOverDraws = "stderr_draws"
            case groupAUC = "gauc"
            case constantECE = "constant_ece"
            case constantBrier = "constant_brier"
        }
    }

    /// By name of the source.
    public let sources: [Figures]
    /// Mean over sources; counts are sums.
    public let mean: Figures
    /// How the encoder reads the prompts, by source; empty where it does not count tokens.
    public let reading: [SourceReading]
    /// Every head, baseline and context size on the same draws.
    public let comparison: EvaluationComparison
}
