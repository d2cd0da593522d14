public import HTTPServing
public import JSON

// The members of a request's body, and what is wrong with them.

extension HTTPFailure: JSONFieldFailure {
    /// A member of the request's body that is missing, unknown, of another type, or out of range.
    public init(_ problem: JSONFieldProblem) {
        let code: ErrorCode =
            switch problem.kind {
            case .missing: .missing
            case .wrongType: .wrongType
            case .outOfRange: .outOfRange
            case .unknownKey: .unknownKey
            }
        self = .invalid(code, problem.member, problem.message)
    }
}

/// Reads the members of a request's body.
typealias RequestFields = JSONFields<HTTPFailure>
