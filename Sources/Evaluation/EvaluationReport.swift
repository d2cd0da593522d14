/// What `statezero evaluate` found: a line a source, and their mean.
///
/// Every figure of a source is first computed per seed over all its contexts (policy versions), then averaged over
/// seeds. The mean over sources weighs sources equally. A figure that the data cannot define is absent.
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
}
