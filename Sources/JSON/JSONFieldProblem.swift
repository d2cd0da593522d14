/// What is wrong with a member of a JSON object, with its full name and its value.
public struct JSONFieldProblem: Error, Hashable, Sendable {
    /// Kinds of problems, for callers that answer them differently.
    public enum Kind: Sendable {
        /// The member is required and absent, or `null`.
        case missing
        /// The value has another type.
        case wrongType
        /// The value has the right type and is out of its range.
        case outOfRange
        /// Nothing of this name is known.
        case unknownKey
    }

    /// The kind of problem.
    public let kind: Kind
    /// The member's path, as `items[3].n_min`; `nil` for the whole text.
    public let member: String?
    /// For people: the member, what is wrong with its value, and what is allowed.
    public let message: String

    /// Describes a problem.
    public init(kind: Kind, member: String?, message: String) {
        self.kind = kind
        self.member = member
        self.message = message
    }
}

/// An error that can carry a `JSONFieldProblem`, so that readers of requests throw one type only.
public protocol JSONFieldFailure: Error {
    /// Carries a problem.
    init(_ problem: JSONFieldProblem)
}
