/// How a coordinator is doing: what `/v1/status` and `/metrics` show. Levels are as of now, counts since its start.
public struct CoordinatorReport: Hashable, Sendable, Codable {
    /// This life of the coordinator.
    public var generation: UInt64 = 0
    /// Seconds since it started.
    public var uptimeSeconds = 0.0
    /// The model its workers have; empty until one has come.
    public var model = ""
    /// Hexadecimal digest of that model's fingerprint; empty until a worker has come.
    public var fingerprint = ""

    // MARK: Levels

    /// Live workers.
    public var workers = 0
    /// Pieces of shards that wait, and that are lent.
    public var shardsPending = 0
    public var shardsLeased = 0
    /// Jobs that are open, those of plans among them.
    public var jobs = 0
    /// Live rollout workers.
    public var rolloutWorkers = 0
    /// Prompts that wait for a rollout worker, and that one has.
    public var assignmentsPending = 0
    public var assignmentsLeased = 0
    /// Plans whose budgets have not all left, and plans that are kept.
    public var plansOpen = 0
    public var plansKept = 0
    /// Policies with a history, and outcomes in it.
    public var policies = 0
    public var historyOutcomes = 0

    // MARK: Counts

    /// Messages, and those of them that could not be read or delivered.
    public var messagesReceived = 0
    public var messagesSent = 0
    public var messagesRefused = 0
    public var messagesUnroutable = 0
    /// Rows answered by workers, and those of them with an error.
    public var rowsAnswered = 0
    public var rowErrors = 0
    /// Plans by how they ended.
    public var plansOK = 0
    public var plansDegraded = 0
    public var plansFallback = 0
    public var plansRefused = 0
    /// Budgets that have left, and their rollouts.
    public var budgets = 0
    public var budgetRollouts = 0
    /// Outcomes recorded, told again, and rejected.
    public var outcomesRecorded = 0
    public var outcomesRepeated = 0
    public var outcomesRejected = 0
    /// Rollouts whose rewards are recorded, that failed, and that look-ahead asked for beyond the plan.
    public var rolloutsRecorded = 0
    public var rolloutsFailed = 0
    public var rolloutsDrawn = 0
    /// Assignments that went to another rollout worker because the first one died or was stuck.
    public var assignmentsLost = 0

    /// Nothing has happened.
    public init() {}
}
