public import Scoring

/// A group that is complete: train on it.
public struct GroupDone: Hashable, Sendable, Codable {
    /// Groups of the plan that were done before it.
    public var number: Int
    /// Of the candidate.
    public var index: Int
    /// The prompt.
    public var promptID: String
    /// Raw rewards, in the order in which they were recorded.
    public var rewards: [Double]
    /// Reward less baseline, in the same order.
    public var advantages: [Double]
    /// What was subtracted.
    public var baseline: Double
    /// Rollouts that ended without a reward.
    public var failed: Int
    /// Why the group is done, as `Planning.LookAhead.Reason`, or `planned`.
    public var reason: String
    /// Where rollout workers stored the rollouts: none, or one reference a reward.
    public var references: [String]

    /// Completes a group.
    public init(
        number: Int, index: Int, promptID: String, rewards: [Double], advantages: [Double], baseline: Double,
        failed: Int, reason: String, references: [String]
    ) {
        self.number = number
        self.index = index
        self.promptID = promptID
        self.rewards = rewards
        self.advantages = advantages
        self.baseline = baseline
        self.failed = failed
        self.reason = reason
        self.references = references
    }
}

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

/// Rollouts that a rollout worker is to make, lent to it like a shard.
public struct Assignment: Hashable, Sendable {
    /// Its name.
    public var name: AssignmentName
    /// Version of the weights that are to roll out.
    public var policyVersion: Int
    /// The prompt.
    public var promptID: String
    /// The prompt's text.
    public var text: String
    /// Rollouts to make, at least 1.
    public var n: Int
    /// Without progress for this long another worker gets it.
    public var leaseTime: Duration

    /// Lends a budget.
    public init(
        name: AssignmentName, policyVersion: Int, promptID: String, text: String, n: Int, leaseTime: Duration
    ) {
        self.name = name
        self.policyVersion = policyVersion
        self.promptID = promptID
        self.text = text
        self.n = n
        self.leaseTime = leaseTime
    }
}

/// The result of an assignment; repeated until it is recorded.
public struct Rewards: Hashable, Sendable {
    /// The assignment.
    public var name: AssignmentName
    /// Raw rewards.
    public var rewards: [Double]
    /// Rollouts that ended without one.
    public var failed: Int
    /// Where the program stored the rollouts: none, or one reference a reward.
    public var references: [String]

    /// Reports.
    public init(name: AssignmentName, rewards: [Double], failed: Int = 0, references: [String] = []) {
        self.name = name
        self.rewards = rewards
        self.failed = failed
        self.references = references
    }
}

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

/// Why a rollout worker returns an assignment.
public enum AssignmentReturn: Hashable, Sendable {
    case draining
    case programDied
    case overCredit
}

/// Outcomes for a policy's history, and for the groups of its plans.
public struct ReportOutcomes: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose rollouts they are.
    public var policyID: String
    /// The range of rewards.
    public var rewards: ClosedRange<Double>
    /// The groups.
    public var outcomes: [GroupOutcome]

    /// Reports.
    public init(request: UInt64, policyID: String, rewards: ClosedRange<Double> = 0...1, outcomes: [GroupOutcome]) {
        self.request = request
        self.policyID = policyID
        self.rewards = rewards
        self.outcomes = outcomes
    }
}

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
        self.hasMore = hasMore
        self.request = request
        self.accepted = accepted
        self.duplicates = duplicates
        self.rejected = rejected
        self.decisions = decisions
    }
}

/// Predictions without a plan.
public struct RequestScores: Hashable, Sendable {
    /// The answer repeats it.
    public var request: UInt64
    /// Whose rollouts are predicted.
    public var policy: Policy
    /// The context set; `nil` draws one from the policy's history.
    public var context: ContextBlock?
    /// How it is drawn.
    public var choice: ContextChoice
    /// Time from the request's arrival until it must be answered.
    public var deadline: Duration
    /// The queries, 1 to `Limits.shardRowsMax`.
    public var texts: TextBlock

    /// Asks.
    public init(
        request: UInt64, policy: Policy, context: ContextBlock? = nil, choice: ContextChoice = ContextChoice(),
        deadline: Duration = .seconds(10), texts: TextBlock
    ) {
        self.request = request
        self.policy = policy
        self.context = context
        self.choice = choice
        self.deadline = deadline
        self.texts = texts
    }
}

/// The answer to a request for scores.
public struct Scores: Hashable, Sendable {
    /// Whose answer this is.
    public var request: UInt64
    /// The context they were predicted under.
    public var context: Digest
    /// Its rows.
    public var contextRows: Int
    /// The model that predicted.
    public var fingerprint: ModelFingerprint
    /// A record for each query, in order; zeros where there is a fault.
    public var answers: AnswerBlock
    /// Queries without a prediction.
    public var faults: [RowFault]

    /// Answers.
    public init(
        request: UInt64, context: Digest, contextRows: Int, fingerprint: ModelFingerprint, answers: AnswerBlock,
        faults: [RowFault]
    ) {
        self.request = request
        self.context = context
        self.contextRows = contextRows
        self.fingerprint = fingerprint
        self.answers = answers
        self.faults = faults
    }
}
