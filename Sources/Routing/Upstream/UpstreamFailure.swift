/// Why an endpoint gave no usable answer.
///
/// A failure leads to the next model. An error that the client caused (400, 413, 422 …) is not a failure: it is the
/// endpoint's answer and goes back to the client.
public struct UpstreamFailure: Error, Hashable, Sendable {
    /// The kind. Raw values are labels of metrics and appear in logs, so they never change.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// A time limit of the endpoint passed.
        case timeout
        /// No connection.
        case unreachable
        /// Status 408, 424 or 5xx.
        case serverError = "server_error"
        /// Status 429.
        case rateLimited = "rate_limited"
        /// Status 401, 403, 404, 405 or 3xx: the fleet file has a wrong address, name or key.
        case refused
        /// Status 402.
        case noCredit = "no_credit"
        /// Status 200 with an error object, or a stream whose first event is one.
        case errorObject = "error_object"
        /// Status 200 with something that is no answer: HTML, broken JSON, no choices, no stream where one was asked for.
        case malformed
        /// Status 200 without a body, or a stream without an event.
        case empty
        /// The answer began and did not end: the connection closed, or a stream ended without `[DONE]`.
        case cut
    }

    /// The kind.
    public let reason: Reason
    /// What happened, for people.
    public let detail: String
    /// How long the endpoint asks to be left alone; `nil` if it asks for nothing, or for a time that is over.
    public let retryAfter: Duration?

    /// A failure.
    public init(_ reason: Reason, _ detail: String, retryAfter: Duration? = nil) {
        self.reason = reason
        self.detail = detail
        self.retryAfter = retryAfter.flatMap { $0 > .zero ? $0 : nil }
    }

    /// Whether every request would fail now, whatever its prompt. Other failures may be caused by one prompt.
    public var isOfEndpoint: Bool {
        switch reason {
        case .unreachable, .rateLimited, .refused, .noCredit: true
        case .timeout, .serverError, .errorObject, .malformed, .empty, .cut: retryAfter != nil
        }
    }

    /// The failure that a status means; `nil` for an answer, and for an error that the client caused.
    public init?(status: Int, retryAfter: Duration?) {
        switch status {
        case 200...299: return nil
        case 402: self.init(.noCredit, "402", retryAfter: retryAfter)
        case 429: self.init(.rateLimited, "429", retryAfter: retryAfter)
        case 401, 403, 404, 405: self.init(.refused, "\(status)")
        case 408, 424, 500...: self.init(.serverError, "\(status)", retryAfter: retryAfter)
        case 400...499: return nil
        default: self.init(.refused, "\(status)")
        }
    }
}
