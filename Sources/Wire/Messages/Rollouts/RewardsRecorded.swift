/// The answer to rewards.
public struct RewardsRecorded: Hashable, Sendable {
    /// The decision on them.
    public enum Verdict: Hashable, Sendable {
        /// They count, since now or an earlier report.
        case recorded
        /// The prompt was given to another worker: they do not.
        case superseded
        /// They cannot count: a reward out of range, or too many.
        case rejected
    }
    /// The assignment.
    public var name: AssignmentName
    /// The decision on the rewards.
    public var verdict: Verdict
    /// Rollouts more that the group is to get, as another assignment.
    public var draw: Int
    /// For people, where they were rejected.
    public var message: String

    /// Answers rewards.
    public init(name: AssignmentName, verdict: Verdict, draw: Int = 0, message: String = "") {
        self.name = name
        self.verdict = verdict
        self.draw = draw
        self.message = message
    }
}
