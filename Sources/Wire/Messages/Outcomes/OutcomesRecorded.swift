/// The answer to a report.
public struct OutcomesRecorded: Hashable, Sendable {
    /// An outcome that cannot count.
    public struct Rejected: Hashable, Sendable {
        /// Of the outcome in its report.
        public var index: Int
        /// Its event id.
        public var eventID: String
        /// `snake_case`, for programs.
        public var code: String
        /// For people: what, where, what to do.
        public var message: String

        /// Rejects an outcome.
        public init(index: Int, eventID: String, code: String, message: String) {
            self.index = index
            self.eventID = eventID
            self.code = code
            self.message = message
        }
    }

    /// The decision on a group of a plan.
    public struct Decision: Hashable, Sendable {
        /// Of the outcome in its report.
        public var index: Int
        /// Rollouts more that the group is to get; 0 where it is done, or waits for more of those already planned.
        public var draw: Int
        /// The group, if it is done.
        public var done: GroupDone?

        /// Decides.
        public init(index: Int, draw: Int, done: GroupDone?) {
            self.index = index
            self.draw = draw
            self.done = done
        }
    }

    /// Whose answer this is.
    public var request: UInt64
    /// Outcomes that count from now on.
    public var accepted: Int
    /// Outcomes that counted before.
    public var duplicates: Int
    /// Outcomes that cannot count.
    public var rejected: [Rejected]
    /// Decisions on groups of plans.
    public var decisions: [Decision]
    /// Whether another part of this answer follows; its numbers add to these.
    public var hasMore: Bool

    /// Answers a report.
    public init(
        request: UInt64, accepted: Int, duplicates: Int, rejected: [Rejected], decisions: [Decision],
        hasMore: Bool = false
    ) {
        self.request = request
        self.accepted = accepted
        self.duplicates = duplicates
        self.rejected = rejected
        self.decisions = decisions
        self.hasMore = hasMore
    }
}
