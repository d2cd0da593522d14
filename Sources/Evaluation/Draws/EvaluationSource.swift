public import Scoring

/// One collection of outcomes on which a model is evaluated, e.g. a benchmark with many policies' results.
public struct EvaluationSource: Sendable {
    /// What a row is for: to profile its policy, or to be predicted.
    public enum Role: String, Codable, Hashable, Sendable {
        /// Profiles the policy.
        case context
        /// Is predicted.
        case query
    }

    /// What one policy at one version came to on one prompt.
    public struct Row: Hashable, Sendable {
        /// Whose outcome this is.
        public let policy: Policy
        /// Key into `prompts`.
        public let promptID: String
        /// What came out.
        public let outcome: Outcome
        /// `nil`: the row's prompt is put on one side by the seed, see `Evaluator`.
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

    /// Throws `unknownPrompt` for a row whose prompt is not there, `repeatedRow` where a policy has two outcomes on one
    /// prompt at one version, and `noRows` for an empty source.
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
