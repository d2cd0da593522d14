/// A report on some rollouts of a group.
public struct GroupReport: Hashable, Sendable {
    /// Index of the candidate.
    public var index: Int
    /// Reported twice, it counts once.
    public var eventID: String
    /// Raw rewards.
    public var rewards: [Double]
    /// Rollouts without one.
    public var failed: Int
    /// Where the rollouts are kept, as reported: none, or one for each reward.
    public var references: [String]

    /// Describes a report.
    public init(index: Int, eventID: String, rewards: [Double], failed: Int, references: [String]) {
        self.index = index
        self.eventID = eventID
        self.rewards = rewards
        self.failed = failed
        self.references = references
    }
}
