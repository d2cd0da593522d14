import Wire

/// An assignment that a rollout worker holds, with the rewards reported so far.
struct RolloutTask: Sendable {
    let assignment: Assignment
    /// Its name as the program knows it.
    let label: String
    private(set) var rewards: [Double] = []
    private(set) var failed = 0
    private var references: [String] = []
    /// Times that a program died while it ran this task.
    var deaths = 0
    /// When the program got it, or reported on it last.
    var lastReport: Instant = .zero
    /// Lent to a dead incarnation: the coordinator does not count it as held.
    var isOrphan = false

    init(_ assignment: Assignment) {
        self.assignment = assignment
        label = assignment.name.description
    }

    /// Rollouts still to be made.
    var missing: Int { assignment.n - rewards.count - failed }

    /// The assignment with what is still missing, for a new program.
    var rest: Assignment {
        var rest = assignment
        rest.n = missing
        return rest
    }

    /// Adds what fits of a report. Returns how many rollouts were too many.
    mutating func add(_ report: RolloutReport) -> Int {
        let accepted = min(report.rewards.count, missing)
        // Once a report has references, every reward has one, if an empty one.
        if !report.references.isEmpty || !references.isEmpty {
            references += Array(repeating: "", count: rewards.count - references.count)
            references += (0..<accepted).map { report.references.isEmpty ? "" : report.references[$0] }
        }
        rewards += report.rewards.prefix(accepted)
        let lost = min(report.failed, missing)
        failed += lost
        return report.rewards.count - accepted + report.failed - lost
    }

    /// All rewards, when nothing is missing.
    var result: Rewards { Rewards(name: assignment.name, rewards: rewards, failed: failed, references: references) }
}
