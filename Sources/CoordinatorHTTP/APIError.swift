package import JSON
import HTTPTypes
import Wire

/// What a request is answered with where it is not answered as it wished: a status, and JSON that says what to do.
package struct APIError: Error {
    /// Kinds of errors, for programs. Raw values are an interface, described in `proto/openapi.yaml`.
    package enum Code: String, CaseIterable {
        case invalidJSON = "invalid_json"
        case invalidUTF8 = "invalid_utf8"
        case missing
        case wrongType = "wrong_type"
        case outOfRange = "out_of_range"
        case duplicate
        case unknownKey = "unknown_key"
        case notFound = "not_found"
        case unknownPlan = "unknown_plan"
        case methodNotAllowed = "method_not_allowed"
        case requestTimeout = "request_timeout"
        case conflict
        case tooLarge = "too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case unplannable
        case unknownPrompt = "unknown_prompt"
        case busy
        case noWorker = "no_worker"
        case coordinatorSilent = "coordinator_silent"
        case stopping
        case deadline
        case hole
    }

    let status: HTTPResponse.Status
    let code: Code
    /// For people: what happened with its values, and what to do.
    let message: String
    /// The member of the request that is meant, as `items[3].n_min`.
    var param: String?
    /// Seconds after which another try makes sense.
    var retryAfter: Int?
    /// Methods that the path has, where another was used.
    var allow: String?

    /// A value of the request that cannot be.
    static func invalid(_ code: Code, _ param: String?, _ message: String) -> APIError {
        APIError(status: .badRequest, code: code, message: message, param: param)
    }

    /// The coordinator has gone while it was asked.
    static let stopping = APIError(
        status: .serviceUnavailable, code: .stopping, message: "the coordinator is stopping; try again", retryAfter: 2)

    /// The coordinator's thread hangs, or has too much to do.
    static let coordinatorSilent = APIError(
        status: .serviceUnavailable, code: .coordinatorSilent,
        message: "the coordinator's thread does not answer; if that stays so, restart it", retryAfter: 2)

    /// Writes the member `error`.
    func write(to json: inout JSONWriter) {
        json.object("error") { json in
            json.member("code", code.rawValue)
            json.member("message", message)
            json.member("param", param)
        }
    }
}

extension APIError {
    /// A member of the request that is outside its bounds.
    init(_ fault: RequestFault) {
        let code: Code =
            switch fault.kind {
            case .outOfRange: .outOfRange
            case .duplicate: .duplicate
            }
        self.init(status: .badRequest, code: code, message: fault.description, param: fault.member)
    }
}

extension APIError: JSONFieldFailure {
    /// A member of a request's body that is missing, unknown, of another type, or out of range.
    package init(_ problem: JSONFieldProblem) {
        let code: Code =
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
typealias RequestFields = JSONFields<APIError>
