public import Scoring

/// Outcomes that were logged, from which steps are replayed: what policies at their versions did on prompts.
public struct ReplayLog: Sendable {
    /// What a row is for, in logs made for evaluation.
    public enum Role: String, Hashable, Sendable {
        /// Profiles the policy.
        case context
        /// Is to be predicted.
        case query
    }

    /// What one policy at one version came to on one prompt.
    public struct Row: Hashable, Sendable {
        /// Whose outcome this is.
        public let policy: Policy
        /// Index in `prompts`.
        public let prompt: Int
        /// What came out.
        public let outcome: Outcome
        /// `nil` where the log does not say.
        public let role: Role?
        /// Mean tokens of a response; `nil` where they are not logged.
        public let responseTokens: Double?
        /// Mean cost of a rollout; `nil` where it is not logged.
        public let cost: Double?

        /// Pairs a policy and a prompt with an outcome and what it took.
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
    /// What rows refer to.
    public let prompts: [Prompt]
    /// By policy, version and prompt id, whatever the order they were given in.
    public let rows: [Row]

    /// Throws `noGroups` where no row has two rollouts: single rollouts tell nothing about groups.
    ///
    /// Precondition: rows point into `prompts`, and a policy at one version has one row a prompt at most.
    public init(name: String, prompts: [Prompt], rows: [Row]) throws(ReplayError) {
        guard rows.contains(where: { $0.outcome.n > 1 }) else { throw .noGroups(source: name) }
        self.name = name
        self.prompts = prompts
        self.rows = rows.sorted {
            ($0.policy, prompts[$0.prompt].id) < ($1.policy, prompts[$1.prompt].id)
        }
    }
}
