import Wire

/// An assignment in a rollout worker's hands, with what has come of it so far.
struct RolloutTask: Sendable {
    let assignment: Assignment
    /// Its name in the program's words.
    let label: String
    private(set) var rewards: [Double] = []
    private(set) var failed = 0
    private var references: [String] = []
    /// Programs that died with it in their hands.
    var deaths = 0
    /// When the program was given it, or last said a word about it.
    var lastWord: Instant = .zero
    /// Lent to an incarnation that is over: nobody counts it as in hand.
    var isOrphan = false

    init(_ assignment: Assignment) {
        self.assignment = assignment
        label = assignment.name.description
    }

    /// Rollouts still to be made.
    var missing: Int { assignment.n - rewards.count - failed }

    /// What is still to be done, for a program that knows nothing of it.
    var rest: Assignment {
        var rest = assignment
        rest.n = missing
        return rest
    }

    /// Takes what fits of a report; how many rollouts were too many.
    mutating func add(_ report: RolloutReport) -> Int {
        let taken = min(report.rewards.count, missing)
        // Once a reference was told, every reward has one, if an empty one.
        if !report.references.isEmpty || !references.isEmpty {
            references += Array(repeating: "", count: rewards.count - references.count)
            references += (0..<taken).map { report.references.isEmpty ? "" : report.references[$0] }
        }
        rewards += report.rewards.prefix(taken)
        let lost = min(report.failed, missing)
        failed += lost
        return report.rewards.count - taken + report.failed - lost
    }

    /// All of it, when nothing is missing.
    var result: Rewards { Rewards(name: assignment.name, rewards: rewards, failed: failed, references: references) }
}
