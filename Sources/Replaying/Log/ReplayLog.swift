public import Scoring

/// Logged outcomes of policies, at their versions, on prompts. Steps are replayed from it.
public struct ReplayLog: Sendable {
    /// The role of a row, in logs made for evaluation.
    public enum Role: String, Hashable, Sendable {
        /// The row profiles the policy.
        case context
        /// The row is to be predicted.
        case query
    }

    /// The outcome of one policy at one version on one prompt.
    public struct Row: Hashable, Sendable {
        /// The policy.
        public let policy: Policy
        /// Index in `prompts`.
        public let prompt: Int
        /// Its outcome.
        public let outcome: Outcome
        /// `nil` where the log does not say.
        public let role: Role?
        /// Mean tokens of a response; `nil` where they are not logged.
        public let responseTokens: Double?
        /// Mean cost of a rollout; `nil` where it is not logged.
        public let cost: Double?

        /// Pairs a policy and a prompt with an outcome and its cost.
        public init(
            policy: Policy, prompt: Int, outcome: Outcome, role: Role? = nil, responseTokens: Double? = nil,
            cost: Double? = nil
        ) {
            self.policy = policy
            self.prompt = prompt
            self.outcome = outcome
            self.role = role
            self.responseTokens = responseTokens
            self.cost = cost
        }
    }

    /// Name in the report.
    public let name: String
    /// The prompts that rows refer to.
    public let prompts: [Prompt]
    /// Sorted by policy, version and prompt id.
    public let rows: [Row]

    /// Throws `noGroups` where no row has two rollouts: single rollouts say nothing about groups.
    ///
    /// Precondition: rows refer to `prompts`, and a policy at one version has at most one row per prompt.
    public init(name: String, prompts: [Prompt], rows: [Row]) throws(ReplayError) {
        guard rows.contains(where: { $0.outcome.n > 1 }) else { throw .noGroups(source: name) }
        self.name = name
        self.prompts = prompts
        self.rows = rows.sorted {
            ($0.policy, prompts[$0.prompt].id) < ($1.policy, prompts[$1.prompt].id)
        }
    }
}
