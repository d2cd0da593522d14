public import Scoring

/// The outcome of another policy on a prompt.
public struct NamedOutcome: Hashable, Sendable {
    /// The policy, or any name that means the same source in every prompt.
    public var name: String
    /// Its result.
    public var outcome: Outcome

    /// Pairs a name with an outcome.
    public init(name: String, outcome: Outcome) {
        self.name = name
        self.outcome = outcome
    }
}
