/// The coordinator's status, as `/v1/status` and `/metrics` show it. Levels are of now, counts since its start.
public struct CoordinatorReport: Hashable, Sendable, Codable {
    /// Numbers this run of the coordinator.
    public var generation: UInt64 = 0
    /// Seconds since it started.
    public var uptimeSeconds = 0.0
    /// The model of its workers; empty until a worker has joined.
    public var model = ""
    /// Hexadecimal digest of that model's fingerprint; empty until a worker has joined.
    public var fingerprint = ""

    // MARK: Levels

    /// Live workers.
    public var workers = 0
    /// Pieces of shards that are pending.
    public var shardsPending = 0
    /// Pieces of shards that are lent.
    public var shardsLeased = 0
    /// Open jobs, with those of plans.
    public var jobs = 0
    /// Live rollout workers.
    public var rolloutWorkers = 0
    /// Prompts that wait for a rollout worker.
    public var assignmentsPending = 0
    /// Prompts that a rollout worker has.
    public var assignmentsLeased = 0
    /// Plans whose budgets are not all sent.
    public var plansOpen = 0
    /// Plans that are kept, with the open ones.
    public var plansKept = 0
    /// Policies with a history.
    public var policies = 0
    /// Outcomes in all histories.
    public var historyOutcomes = 0
    /// Bytes of all histories, about, with the texts of prompts.
    public var historyBytes = 0
    /// Bytes of the texts by which prompts may be named by their id alone, about.
    public var textBytes = 0
    /// Bytes of the requests of all plans kept, about.
    public var planBytes = 0
    /// Bytes of requests that are being prepared on another thread.
    public var workBytes = 0
    /// How long the turns of the coordinator's thread were: from a message's arrival until the thread waits again.
    public var turns = DurationHistogram()
    /// How long commits of the journal took.
    public var commits = DurationHistogram()

    /// Workers, by their identities, that get no work because others contradict them.
    public var workersQuarantined = 0
    /// Bytes that arrived on connections and were not read.
    public var unreadBytes = 0
    /// Bytes that were sent on connections and that no peer has acknowledged.
    public var unsentBytes = 0

    // MARK: Counts

    /// Messages received.
    public var messagesReceived = 0
    /// Messages sent.
    public var messagesSent = 0
    /// Messages that could not be read.
    public var messagesRefused = 0
    /// Connections that were cut off, because they held too much memory or were too many.
    public var connectionsCut = 0
    /// Messages to peers that had disconnected.
    public var messagesUnroutable = 0
    /// Rows answered by workers.
    public var rowsAnswered = 0
    /// Those of them with an error.
    public var rowErrors = 0
    /// Plans with a prediction for every prompt.
    public var plansOK = 0
    /// Plans with predictions for some prompts.
    public var plansDegraded = 0
    /// Plans with none.
    public var plansFallback = 0
    /// Requests for plans that were refused.
    public var plansRefused = 0
    /// Budgets sent.
    public var budgets = 0
    /// Rollouts of the plans that have ended.
    public var budgetRollouts = 0
    /// Outcomes recorded.
    public var outcomesRecorded = 0
    /// Outcomes that were recorded before.
    public var outcomesRepeated = 0
    /// Outcomes that could not count.
    public var outcomesRejected = 0
    /// Rollouts whose rewards are recorded.
    public var rolloutsRecorded = 0
    /// Rollouts that ended without a reward.
    public var rolloutsFailed = 0
    /// Rollouts that look-ahead requested beyond plans.
    public var rolloutsDrawn = 0
    /// Assignments that were lent to another rollout worker, because the first was lost or stuck.
    public var assignmentsLost = 0
    /// Policies that were forgotten to make room for others.
    public var policiesEvicted = 0
    /// Plans that were forgotten to make room for others.
    public var plansEvicted = 0
    /// Texts of prompts that were forgotten, because the policy had too many.
    public var textsEvicted = 0
    /// Outcomes that were forgotten, because the histories had too many bytes.
    public var outcomesEvicted = 0

    /// Pieces that two workers answered alike.
    public var piecesVerified = 0
    /// Pieces that were drawn to be computed again, and were not, because no other worker was there.
    public var piecesUnverified = 0
    /// Answers that differ from another worker's.
    public var disagreements = 0
    /// Disagreements that nobody was there to decide.
    public var disagreementsUndecided = 0

    /// Nothing has happened.
    public init() {}
}
