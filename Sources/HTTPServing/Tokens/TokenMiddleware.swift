import HTTPTypes
public import Hummingbird
public import Keys

/// Refuses requests without a token whose role permits them, and records whose token it is.
public struct TokenMiddleware: RouterMiddleware {
    /// Requests of both servers.
    public typealias Context = ServedContext

    private let tokens: LiveTokens?
    private let access: Access

    /// Admits tokens that permit an access; everybody where `tokens` is `nil`.
    public init(_ tokens: LiveTokens?, _ access: Access) {
        self.tokens = tokens
        self.access = access
    }

    /// Answers a request that its token permits. Throws as `BearerToken.check` does.
    public func handle(
        _ request: Request, context: ServedContext, next: (Request, ServedContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.admission = .anybody
        if let tokens {
            context.admission = .holder(try BearerToken.check(request.headers[.authorization], tokens, [access]))
        }
        return try await next(request, context)
    }
}
