import Planning
public import Wire

/// What one plan promised, and what became of it so far.
public struct PlanTally: Hashable, Sendable {
    /// The policy and the step.
    public let name: PlanName
    /// Whose policy it is; `nil` for the cluster's own.
    public let tenant: String?
    /// Its prompts.
    public let prompts: Int
    /// The end of the plan; `nil` while predictions are missing.
    public private(set) var end: PlanEnd?
    /// Its budgets; `nil` before its end.
    public private(set) var picture: BudgetPicture?
    /// Its groups that are done.
    public private(set) var groups = GroupTally()
    /// Groups of the session that are counted.
    private var counted = 0

    init(_ session: PlanSession, of tenant: String? = nil) {
        name = session.name
        self.tenant = tenant
        prompts = session.budgets.count
    }

    /// Adds what is new in the session. Returns predictions and mean rewards of the groups that are new.
    mutating func follow(_ session: PlanSession) -> [(p: Double, reward: Double)] {
        if end == nil, let end = session.end {
            self.end = end
            picture = BudgetPicture(session)
        }
        let new = session.done.dropFirst(counted)
        counted = session.done.count
        return new.compactMap { group in
            groups.add(group, rewards: session.request.rewards, belief: session.beliefs[group.index])
        }
    }
}
