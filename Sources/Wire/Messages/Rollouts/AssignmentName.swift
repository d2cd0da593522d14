/// A budget that a rollout worker holds.
public struct AssignmentName: Hashable, Sendable, CustomStringConvertible {
    /// The plan.
    public var plan: PlanName
    /// Of the candidate.
    public var index: Int
    /// Unique, also over restarts of the coordinator.
    public var attempt: UInt64

    /// Names an assignment.
    public init(plan: PlanName, index: Int, attempt: UInt64) {
        self.plan = plan
        self.index = index
        self.attempt = attempt
    }

    /// `policy/step#index@attempt`.
    public var description: String { "\(plan)#\(index)@\(attempt)" }
}
