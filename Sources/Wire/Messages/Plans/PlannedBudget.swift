/// Rollouts that a prompt gets; a later budget of the same prompt in the same plan tops it up.
public struct PlannedBudget: Hashable, Sendable, Codable {
    /// Of the candidate, in the order of the request.
    public var index: Int
    /// The prompt.
    public var promptID: String
    /// Its rollouts, all together.
    public var n: Int
    /// Expected success probability; `nil` where nothing is known.
    public var p: Double?
    /// Concentration of the belief; `nil` for a point estimate and where nothing is known.
    public var kappa: Double?
    /// The source of the belief, as `Planning.BudgetSource`.
    public var source: String
    /// Why this many, as `Planning.BudgetReason`.
    public var reason: String
    /// What the belief is based on; `nil` where side information was not used.
    public var evidence: Evidence?
    /// Steps between the newest outcome that the belief is based on and the weights that roll out; `nil` without one.
    public var staleness: Int?
    /// Expected tokens of one answer; `nil` where nothing is known.
    public var expectedTokens: Double?

    /// A budget.
    public init(
        index: Int, promptID: String, n: Int, p: Double?, kappa: Double?, source: String, reason: String,
        evidence: Evidence? = nil, staleness: Int? = nil, expectedTokens: Double? = nil
    ) {
        self.index = index
        self.promptID = promptID
        self.n = n
        self.p = p
        self.kappa = kappa
        self.source = source
        self.reason = reason
        self.evidence = evidence
        self.staleness = staleness
        self.expectedTokens = expectedTokens
    }
}
