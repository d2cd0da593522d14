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

    /// A budget.
    public init(
        index: Int, promptID: String, n: Int, p: Double?, kappa: Double?, source: String, reason: String,
        evidence: Evidence? = nil
    ) {
        self.index = index
        self.promptID = promptID
        self.n = n
        self.p = p
        self.kappa = kappa
        self.source = source
        self.reason = reason
        self.evidence = evidence
    }
}
