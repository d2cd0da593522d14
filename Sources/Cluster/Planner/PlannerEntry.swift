public import Planning
public import Wire

/// What the planner makes durable: outcomes, and all that a plan's budgets follow from.
///
/// Budgets themselves are not written: a plan is a function of its opening and of the predictions in the order in which
/// they were taken, so replaying gives the same budgets, to the byte. Replaying the entries gives back the state that
/// wrote them, less what is in flight: peers, leases and scoring under way.
public enum PlannerEntry: Hashable, Sendable {
    /// Outcomes joined a policy's history.
    case outcomesRecorded(policyID: String, [RecordedOutcome])
    /// A step has a plan from now on.
    case planOpened(PlanOpening)
    /// Predictions of some candidates came and were given to the plan.
    case predictionsTaken(PlanName, [TakenPrediction])
    /// The deadline came first: what has no budget gets an even share.
    case planCut(PlanName)
    /// Rollouts of a group are over.
    case groupReported(PlanName, GroupReport)
    /// A plan is too old to be asked for again; what it came to is in the history.
    case planForgotten(PlanName)
}

/// An outcome in a policy's history.
public struct RecordedOutcome: Hashable, Sendable {
    /// Unique in the policy's history.
    public var eventID: String
    /// The prompt.
    public var promptID: String
    /// The prompt's text.
    public var text: String
    /// Version of the weights that rolled out.
    public var version: Int
    /// Mean reward, scaled to [0, 1].
    public var reward: Double
    /// Rollouts with a reward; 0 where all failed.
    public var n: Int
    /// Rollouts without one.
    public var failed: Int
    /// Raw rewards as they were told; none where only their mean was.
    public var rewards: [Double]

    /// Describes an outcome.
    public init(
        eventID: String, promptID: String, text: String, version: Int, reward: Double, n: Int, failed: Int,
        rewards: [Double]
    ) {
        self.eventID = eventID
        self.promptID = promptID
        self.text = text
        self.version = version
        self.reward = reward
        self.n = n
        self.failed = failed
        self.rewards = rewards
    }
}

/// A plan's beginning: what was asked, and what of the history it rests on.
public struct PlanOpening: Hashable, Sendable {
    /// What was asked, every candidate with its text.
    public var request: RequestPlan
    /// What tells the request from another one for its step: its digest as it was asked.
    public var identity: [UInt8]
    /// Least budget, raised by failures that were seen.
    public var minimum: Int
    /// Largest budget, lowered by them.
    public var maximum: Int
    /// λ of the policy's previous plan.
    public var price: Double?
    /// Rows of the contexts.
    public var contextRows: Int
    /// Steps since their newest outcome; −1 without any.
    public var staleness: Int
    /// For people.
    public var warnings: [String]

    /// Describes a beginning.
    public init(
        request: RequestPlan, identity: [UInt8], minimum: Int, maximum: Int, price: Double?, contextRows: Int,
        staleness: Int, warnings: [String]
    ) {
        self.request = request
        self.identity = identity
        self.minimum = minimum
        self.maximum = maximum
        self.price = price
        self.contextRows = contextRows
        self.staleness = staleness
        self.warnings = warnings
    }
}

/// What is believed of a candidate, its own record joined.
public struct TakenPrediction: Hashable, Sendable {
    /// Of the candidate.
    public var index: Int
    /// Expected success probability.
    public var mean: Double
    /// Concentration of the belief.
    public var kappa: Double
    /// Where it comes from.
    public var source: BudgetSource

    /// Describes a belief.
    public init(index: Int, mean: Double, kappa: Double, source: BudgetSource) {
        self.index = index
        self.mean = mean
        self.kappa = kappa
        self.source = source
    }
}

/// What some rollouts of a group came to.
public struct GroupReport: Hashable, Sendable {
    /// Of the candidate.
    public var index: Int
    /// Told twice, it counts once.
    public var eventID: String
    /// Raw rewards.
    public var rewards: [Double]
    /// Rollouts without one.
    public var failed: Int
    /// Where the rollouts lie, as told: none, or one a reward.
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
