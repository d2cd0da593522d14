import HTTPTypes
public import Hummingbird

/// Refuses requests that web pages of other sites make: by their origin, or by a name that is not the server's.
public struct SiteMiddleware<Context: RequestContext>: RouterMiddleware {
    private let rules: SiteRules

    /// Refuses by rules.
    public init(_ rules: SiteRules) {
        self.rules = rules
    }

    /// Answers a request that the rules allow. Throws `host_refused` and `origin_refused`, both 403.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let isRead = [.get, .head, .options].contains(request.method)
        if let refusal = rules.refusal(
            authority: request.head.authority, origin: request.headers[.origin], isRead: isRead)
        {
            throw refusal
        }
        return try await next(request, context)
    }
}
