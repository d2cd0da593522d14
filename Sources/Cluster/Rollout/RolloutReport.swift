/// A report of a rollout worker's program on an assignment: any number of rollouts that ended, also none.
public struct RolloutReport: Hashable, Sendable {
    /// The assignment's name as it was given to the program: `AssignmentName.description`.
    public var assignment: String
    /// Raw rewards of rollouts that ended with one.
    public var rewards: [Double]
    /// Rollouts that ended without a reward.
    public var failed: Int
    /// Where the rollouts are kept: no references, or one for each reward.
    public var references: [String]

    /// Reports rollouts. A report without any shows that the program is alive.
    public init(assignment: String, rewards: [Double] = [], failed: Int = 0, references: [String] = []) {
        self.assignment = assignment
        self.rewards = rewards
        self.failed = failed
        self.references = references
    }

    /// Rollouts that ended, with a reward or without.
    public var count: Int { rewards.count + failed }
}

/// Why a report of the program is ignored, or a part of it.
public enum RolloutFault: Hashable, Sendable, CustomStringConvertible {
    /// The program has no such assignment: it never had it, has reported all of it, or was silent about it for too
    /// long.
    case unknownAssignment(String)
    /// More rollouts than were assigned; those beyond are dropped.
    case tooMany(String, extra: Int)
    /// A reward is not finite, or references are not one for each reward: the whole report is dropped.
    case malformed(String)

    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .unknownAssignment(let name): "the program has no assignment \(name)"
        case .tooMany(let name, let extra): "\(extra) rollouts beyond the assignment \(name) are dropped"
        case .malformed(let name):
            "a report of \(name) has a reward that is not finite, or not one reference for each reward"
        }
    }
}
