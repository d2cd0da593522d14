public import Scoring

// What a trainer's request says about prompts beside their texts, and what an answer says it is based on.

/// A number or a category of a prompt.
public struct Covariate: Hashable, Sendable {
    /// The kinds of values.
    public enum Value: Hashable, Sendable {
        case number(Double)
        case category(String)
    }

    /// The column's name.
    public var name: String
    /// The prompt's value.
    public var value: Value

    /// Pairs a name with a value.
    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}

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

/// What a prediction is based on.
public struct Evidence: Hashable, Sendable, Codable {
    /// Rows of the context.
    public var contextRows: Int
    /// Other policies with an outcome on the prompt.
    public var references: Int
    /// Whether the policy itself has an earlier one.
    public var ownRecord: Bool

    /// States what there is.
    public init(contextRows: Int, references: Int, ownRecord: Bool) {
        self.contextRows = contextRows
        self.references = references
        self.ownRecord = ownRecord
    }
}
