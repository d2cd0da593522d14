/// A trainer goes back to an earlier step: plans from that step on are dropped, with their groups.
public struct DropPlans: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose plans.
    public var policyID: String
    /// The first step that is dropped, at least 0.
    public var fromStep: Int
    /// Number of the trainer's start that goes on from there: larger than all before. With 0 there is no new one, and
    /// what the abandoned steps report late is recognised only where its step or prompt has no plan.
    public var attempt: UInt64
    /// Whether outcomes of these steps stay in the history.
    public var keepsOutcomes: Bool

    /// Drops.
    public init(
        request: UInt64, policyID: String, fromStep: Int, attempt: UInt64 = 0, keepsOutcomes: Bool = false
    ) {
        self.request = request
        self.policyID = policyID
        self.fromStep = fromStep
        self.attempt = attempt
        self.keepsOutcomes = keepsOutcomes
    }
}
