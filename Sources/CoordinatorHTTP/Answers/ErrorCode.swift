import HTTPServing
import HTTPTypes
import JSON
import Wire

/// Kinds of errors, for programs. Raw values are an interface, described in `proto/openapi.yaml`.
package enum ErrorCode: String, CaseIterable {
    case invalidJSON = "invalid_json"
    case invalidUTF8 = "invalid_utf8"
    case missing
    case wrongType = "wrong_type"
    case outOfRange = "out_of_range"
    case duplicate
    case unknownKey = "unknown_key"
    case notFound = "not_found"
    case unknownPlan = "unknown_plan"
    case unknownWorker = "unknown_worker"
    case unknownJob = "unknown_job"
    case unknownPolicy = "unknown_policy"
    case methodNotAllowed = "method_not_allowed"
    case unknownMethod = "unknown_method"
    case hostRefused = "host_refused"
    case originRefused = "origin_refused"
    case tokenMissing = "token_missing"
    case tokenUnknown = "token_unknown"
    case roleRefused = "role_refused"
    case malformedRequest = "malformed_request"
    case requestTimeout = "request_timeout"
    case conflict
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case unplannable
    case unknownPrompt = "unknown_prompt"
    case busy
    case stepsInFlight = "steps_in_flight"
    case abandoned
    case noWorker = "no_worker"
    case coordinatorSilent = "coordinator_silent"
    case stopping
    case deadline
    case hole
}

extension HTTPFailure {
    init(
        _ status: HTTPResponse.Status, _ code: ErrorCode, _ message: String, param: String? = nil,
        retryAfter: Int? = nil, headers: HTTPFields = HTTPFields()
    ) {
        self.init(status, code.rawValue, message, param: param, retryAfter: retryAfter, headers: headers)
    }

    /// A value of the request that is not allowed.
    static func invalid(_ code: ErrorCode, _ param: String?, _ message: String) -> HTTPFailure {
        HTTPFailure(.badRequest, code, message, param: param)
    }

    /// A member of the request that is outside its bounds.
    init(_ fault: RequestFault) {
        let code: ErrorCode =
            switch fault.kind {
            case .outOfRange: .outOfRange
            case .duplicate: .duplicate
            }
        self.init(.badRequest, code, fault.description, param: fault.member)
    }

    /// The coordinator's refusal as a status and a code.
    init(_ refused: RequestRefused) {
        let message = refused.message
        switch refused.reason {
        case .invalid: self.init(.unprocessableContent, .unplannable, message)
        case .conflict:
            let isAbandoned = refused.code == ErrorCode.abandoned.rawValue
            self.init(.conflict, isAbandoned ? .abandoned : .conflict, message, param: isAbandoned ? "attempt" : "step")
        case .capacity:
            let code = ErrorCode(rawValue: refused.code) ?? .busy
            self.init(.tooManyRequests, code, message, retryAfter: 1)
        case .deadline: self.init(.gatewayTimeout, .deadline, message, param: "deadline_ms")
        case .unknown: self.init(.notFound, .unknownPlan, message)
        }
    }

    /// The query has what it may not have.
    init(_ fault: QueryNumbers.Fault) {
        switch fault {
        case .unknownKey(let key, let known):
            self = .invalid(
                .unknownKey, key, "\(key) is not known here; known are \(known.joined(separator: ", "))")
        case .duplicate(let key): self = .invalid(.duplicate, key, "\(key) is in the query twice")
        case .notWhole(let key, let found):
            self = .invalid(.wrongType, key, "\(key): expected a whole number, found \"\(found)\"")
        case .outOfRange(let key, let found, let range):
            self = .invalid(
                .outOfRange, key,
                "\(key) is \(found); it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// The coordinator ended while it was asked.
    static let stopping = HTTPFailure(
        .serviceUnavailable, .stopping, "the coordinator is stopping; try again", retryAfter: 2)

    /// The coordinator's thread hangs, or has too much to do.
    static let coordinatorSilent = HTTPFailure(
        .serviceUnavailable, .coordinatorSilent,
        "the coordinator's thread does not answer; if that stays so, restart it", retryAfter: 2)

    /// The coordinator did not answer a request in time.
    static func late(_ duration: Duration) -> HTTPFailure {
        HTTPFailure(.gatewayTimeout, .deadline, "the coordinator has not answered for \(duration)")
    }

    /// Writes the member `error`.
    func write(to json: inout JSONWriter) {
        json.object("error") { json in
            json.member("code", code)
            json.member("message", message)
            json.member("param", param)
        }
    }
}
