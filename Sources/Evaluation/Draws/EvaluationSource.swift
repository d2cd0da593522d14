public import Scoring

/// A collection of outcomes on which models are evaluated, e.g. a benchmark with the results of many policies.
public struct EvaluationSource: Sendable {
    /// The role of a row: it profiles its policy, or it is predicted.
    public enum Role: String, Codable, Hashable, Sendable {
        /// The row profiles the policy.
        case context
        /// The row is predicted.
        case query
    }

    /// The outcome of one policy at one version on one prompt.
    public struct Row: Hashable, Sendable {
        /// The policy.
        public let policy: Policy
        /// Key into `prompts`.
        public let promptID: String
        /// Its outcome.
        public let outcome: Outcome
        /// `nil`: the seed decides the role of the row's prompt, see `ContextDraw`.
        public let role: Role?

        /// Pairs a policy and a prompt with an outcome.
        public init(policy: Policy, promptID: String, outcome: Outcome, role: Role? = nil) {
            self.policy = policy
            self.promptID = promptID
            self.outcome = outcome
            self.role = role
        }
    }

    /// Name in the report.
    public let name: String
    /// Text by prompt id.
    public let prompts: [String: String]
    /// Outcomes in any order; the report does not depend on it.
    public let rows: [Row]

    /// Throws `noRows` for an empty source, `unknownPrompt` for a row whose prompt is missing, and `repeatedRow` where
    /// a policy has two outcomes on one prompt at one version.
    public init(name: String, prompts: [String: String], rows: [Row]) throws(EvaluationError) {
        guard !rows.isEmpty else { throw .noRows(source: name) }
        var seen: [Policy: Set<String>] = [:]
        for row in rows {
            guard prompts[row.promptID] != nil else { throw .unknownPrompt(source: name, promptID: row.promptID) }
            guard seen[row.policy, default: []].insert(row.promptID).inserted else {
                throw .repeatedRow(source: name, policy: row.policy, promptID: row.promptID)
            }
        }
        self.name = name
        self.prompts = prompts
        self.rows = rows
    }
}
