public import Planning

/// The belief about a candidate, joined with the prompt's own record.
public struct CandidatePrediction: Hashable, Sendable {
    /// Index of the candidate.
    public var index: Int
    /// Expected success probability.
    public var mean: Double
    /// Concentration of the belief.
    public var kappa: Double
    /// The source of the belief.
    public var source: BudgetSource

    /// Describes a belief.
    public init(index: Int, mean: Double, kappa: Double, source: BudgetSource) {
        self.index = index
        self.mean = mean
        self.kappa = kappa
        self.source = source
    }
}
