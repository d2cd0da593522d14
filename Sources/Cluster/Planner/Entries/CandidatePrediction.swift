public import Planning
public import Wire

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
    /// What it is based on; `nil` where side information was not used.
    public var evidence: Evidence?
    /// Steps between the newest outcome that it is based on and the weights that roll out; `nil` without one.
    public var staleness: Int?

    /// Describes a belief.
    public init(
        index: Int, mean: Double, kappa: Double, source: BudgetSource, evidence: Evidence? = nil, staleness: Int? = nil
    ) {
        self.staleness = staleness
        self.evidence = evidence
        self.index = index
        self.mean = mean
        self.kappa = kappa
        self.source = source
    }
}
