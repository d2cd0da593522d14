import HTTPServing
import HTTPTypes
import JSON
import Wire

/// Kinds of errors, for programs. Raw values are an interface, described in `proto/openapi.yaml`.
package enum ErrorCode: String, CaseIterable {
    /// The body is not JSON; the message has the position.
    case invalidJSON = "invalid_json"
    /// The body, or a text in it, is not UTF-8.
    case invalidUTF8 = "invalid_utf8"
    /// A member that is required is not there; `param` names it.
    case missing
    /// A value of another type than its member or parameter requires.
    case wrongType = "wrong_type"
    /// A value outside its bounds; the message has both.
    case outOfRange = "out_of_range"
    /// A key, or the id of a prompt, that appears twice.
    case duplicate
    /// A key that the request does not have; the message lists the known ones.
    case unknownKey = "unknown_key"
    /// The server has no such path.
    case notFound = "not_found"
    /// The coordinator does not keep this plan: request it again.
    case unknownPlan = "unknown_plan"
    /// No worker has the name; the message names those that there are.
    case unknownWorker = "unknown_worker"
    /// There is no such job; the message names those that there are.
    case unknownJob = "unknown_job"
    /// Nothing is kept of this policy.
    case unknownPolicy = "unknown_policy"
    /// The path has other methods; `Allow` names them.
    case methodNotAllowed = "method_not_allowed"
    /// HTTP has no such method.
    case unknownMethod = "unknown_method"
    /// A local server was asked by a host name that it does not have: add it with `--host-name`.
    case hostRefused = "host_refused"
    /// A web page of another origin wants to change something: allow it with `--cors-origin`.
    case originRefused = "origin_refused"
    /// The server has keys, and the request has no token: send `Authorization: Bearer TOKEN`.
    case tokenMissing = "token_missing"
    /// The token is not admitted, or was revoked: `statezero keys list`.
    case tokenUnknown = "token_unknown"
    /// The token's role does not permit the request: use one of another role.
    case roleRefused = "role_refused"
    /// The token is of another tenant than the request names: leave the header out, or use a token of that tenant.
    case tenantRefused = "tenant_refused"
    /// No key, token or policy is of the tenant that an operator names: `statezero keys list`.
    case unknownTenant = "unknown_tenant"
    /// The token may send no more requests in this second: try again after `Retry-After`.
    case rateExceeded = "rate_exceeded"
    /// What was sent is not a request of HTTP.
    case malformedRequest = "malformed_request"
    /// The body was not complete in time.
    case requestTimeout = "request_timeout"
    /// The step has a plan of another request: repeat the first one unchanged, use a new step, or send `replace`.
    case conflict
    /// The body is larger than the server reads.
    case tooLarge = "too_large"
    /// The body is not `application/json`, or is compressed.
    case unsupportedMediaType = "unsupported_media_type"
    /// There is no such plan: the message says what is impossible, and the nearest totals that are possible.
    case unplannable
    /// A prompt without a text whose text the coordinator does not know: send the text.
    case unknownPrompt = "unknown_prompt"
    /// Too much is in progress: try again after `Retry-After`.
    case busy
    /// As many steps of the policy are unfinished as the trainer allows: report or drop one.
    case stepsInFlight = "steps_in_flight"
    /// A later start of the trainer has begun: this one should end.
    case abandoned
    /// No worker with a model is connected: start one.
    case noWorker = "no_worker"
    /// The coordinator's thread does not answer: if that lasts, restart it with its journal.
    case coordinatorSilent = "coordinator_silent"
    /// The coordinator is stopping: try again when it is back.
    case stopping
    /// There was no answer in time: more workers, a later deadline, or `fallback` `uniform`.
    case deadline
    /// Budgets were lost on the way, as the plan's digest shows: ask again.
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
        case .unknown where refused.code == ErrorCode.unknownTenant.rawValue:
            self.init(.notFound, .unknownTenant, message, param: "X-StateZero-Tenant")
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
