public import HTTPTypes

/// A request that is not answered with success: a status, a code for programs, and a message that says what to do.
///
/// `FailureMiddleware` writes it as JSON, in the form that the clients of a server understand.
public struct HTTPFailure: Error, Sendable {
    /// The answer's status.
    public var status: HTTPResponse.Status
    /// For programs, in `snake_case`.
    public var code: String
    /// For people: what happened, with its values, and what to do.
    public var message: String
    /// The member of the request that is wrong, such as `items[3].n_min`.
    public var param: String?
    /// Seconds after which the client should try again.
    public var retryAfter: Int?
    /// Further headers of the answer.
    public var headers: HTTPFields

    /// A failure.
    public init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, param: String? = nil, retryAfter: Int? = nil,
        headers: HTTPFields = HTTPFields()
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retryAfter = retryAfter
        self.headers = headers
    }

    /// A path that the server does not have.
    public static let notFound = HTTPFailure(
        .notFound, "not_found", "there is nothing at this path; the server's OpenAPI document has the paths")
}
