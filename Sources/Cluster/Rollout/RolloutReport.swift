/// What the program of a rollout worker says of an assignment: any number of rollouts that ended, also none.
public struct RolloutReport: Hashable, Sendable {
    /// The assignment's name as it was given to the program: `AssignmentName.description`.
    public var assignment: String
    /// Raw rewards of rollouts that ended well.
    public var rewards: [Double]
    /// Rollouts that ended without a reward.
    public var failed: Int
    /// Where the rollouts lie: none, or one a reward.
    public var references: [String]

    /// Reports rollouts; without any it is a sign of life.
    public init(assignment: String, rewards: [Double] = [], failed: Int = 0, references: [String] = []) {
        self.assignment = assignment
        self.rewards = rewards
        self.failed = failed
        self.references = references
    }

    /// Rollouts that ended, well or not.
    public var count: Int { rewards.count + failed }
}

/// Why a report of the program is passed over, or a part of it.
public enum RolloutFault: Hashable, Sendable, CustomStringConvertible {
    /// The program has no such assignment: never had, has reported all of it, or was silent about it for too long.
    case unknownAssignment(String)
    /// More rollouts than were asked for; those beyond are dropped.
    case tooMany(String, extra: Int)
    /// A reward that is no finite number, or not one reference a reward: the whole report is dropped.
    case malformed(String)

    /// What is wrong, in words for people.
    public var description: String {
        switch self {
        case .unknownAssignment(let name): "the program has no assignment \(name)"
        case .tooMany(let name, let extra): "\(extra) rollouts more than \(name) asked for are dropped"
        case .malformed(let name): "a report of \(name) has a reward that is not finite, or not one reference a reward"
        }
    }
}
