/// The parts of a cluster, one by one, for `statezero status`. Levels are of now.
public struct ClusterDetails: Hashable, Sendable, Codable {
    /// A live worker or rollout worker.
    public struct Worker: Hashable, Sendable, Codable {
        /// Its name; several may have the same one.
        public var name: String
        /// `value` or `rollout`.
        public var role: String
        /// Seconds since its last message.
        public var silentSeconds: Double
        /// Whether it accepts no more work.
        public var isDraining: Bool
        /// Whether others contradict it, so that it gets no work.
        public var isQuarantined: Bool?
        /// Pieces or assignments that it holds.
        public var leases: Int
        /// Rows of the pieces; for a rollout worker the assignments.
        public var rows: Int
        /// Seconds until the first of its leases expires; `nil` without a lease.
        public var expiresSeconds: Double?
        /// The tenant that it works for alone; `nil` where it works for all.
        public var tenant: String?
    }

    /// An open job.
    public struct Job: Hashable, Sendable, Codable {
        /// 32 hexadecimal digits.
        public var id: String
        /// `client`, `plans` for a job of the planner, or `away` where its client is not connected.
        public var owner: String
        /// Pieces that wait for a worker.
        public var pending: Int
        /// Pieces that a worker has.
        public var leased: Int
        /// Answered shards that the client has not confirmed.
        public var unconfirmed: Int
        /// Rows that the job holds.
        public var rows: Int
        /// The client has confirmed the shards below this one.
        public var confirmedShards: Int
        /// Rows with a durable answer, in this run of the client or an earlier one.
        public var rowsAnswered: Int?
        /// Rows of the client's whole input; `nil` where it has not said.
        public var rowsTotal: Int?
        /// Whose it is; `nil` for the cluster's own.
        public var tenant: String?
    }

    /// A plan that is kept.
    public struct Plan: Hashable, Sendable, Codable {
        /// The policy that it is for.
        public var policyID: String
        /// The trainer's step.
        public var step: Int
        /// Its prompts.
        public var prompts: Int
        /// Prompts with a prediction.
        public var predicted: Int
        /// Prompts with a budget.
        public var budgets: Int
        /// Groups with all their rewards.
        public var groupsDone: Int
        /// Whether all budgets were sent.
        public var hasEnded: Bool
        /// Whose it is; `nil` for the cluster's own.
        public var tenant: String?
    }

    /// Live workers, then rollout workers, in the order in which they joined; where there are more than `workersMax`, those
    /// that have been silent the longest, the most silent one first.
    public var workers: [Worker] = []
    /// Workers and rollout workers that are not listed.
    public var workersOmitted = 0
    /// Workers that compute for all tenants, where a tenant asks: it sees their number alone.
    public var sharedWorkers: Int?
    /// Open jobs, at most `jobsMax`, the oldest first.
    public var jobs: [Job] = []
    /// Jobs that are not listed.
    public var jobsOmitted = 0
    /// The newest plans, at most `plansMax`.
    public var plans: [Plan] = []

    /// Workers that are listed.
    public static let workersMax = 500
    /// Jobs that are listed.
    public static let jobsMax = 500
    /// Plans that are shown.
    public static let plansMax = 64

    /// Nothing.
    public init() {}
}
