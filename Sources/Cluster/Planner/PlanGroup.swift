/// A candidate's group: how many rollouts it must have, and the rewards recorded so far.
struct PlanGroup: Hashable {
    /// Its budget; 0 until that is handed out.
    var planned = 0
    /// Rollouts beyond the budget, drawn by look-ahead.
    var drawn = 0
    /// Raw rewards, in the order in which they were recorded.
    var rewards: [Double] = []
    /// Rollouts without a reward.
    var failed = 0
    /// Where rollouts are kept, as reported.
    var references: [String] = []
    /// Events that count, with the answer to each: rollouts to draw.
    var events: [String: Int] = [:]
    /// The latest event.
    var lastEvent: String?
    /// Its number among the plan's groups done; `nil` as long as it is not.
    var doneNumber: Int?

    /// The rollout worker that has it; not durable.
    var lease: Lease?
    /// Whether it is in the queue; not durable.
    var isQueued = false

    /// A group lent to a rollout worker.
    struct Lease: Hashable {
        let incarnation: UInt64
        let attempt: UInt64
    }

    /// It has its rollouts, and can be trained on.
    var isDone: Bool { doneNumber != nil }
    /// Rollouts that it must have.
    var wanted: Int { planned + drawn }
    /// Rollouts that are still missing.
    var outstanding: Int { max(0, wanted - rewards.count - failed) }

    /// Adds a report. There are references to all rewards or to none: where one report has references and another has
    /// not, the missing ones are empty.
    mutating func append(_ report: GroupReport) {
        if !references.isEmpty || !report.references.isEmpty {
            references += Array(repeating: "", count: rewards.count - references.count)
            references +=
                report.references.isEmpty
                ? Array(repeating: "", count: report.rewards.count) : report.references
        }
        rewards += report.rewards
        failed += report.failed
    }

    /// Without what is not durable.
    var durable: PlanGroup {
        var group = self
        group.lease = nil
        group.isQueued = false
        return group
    }
}
