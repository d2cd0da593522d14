public import Hummingbird

/// Accepts a request if a limiter has a place for it, and holds the place until the answer is written.
public struct ConcurrencyMiddleware<Context: RequestContext>: RouterMiddleware {
    private let limiter: ConcurrencyLimiter
    private let refusal: HTTPFailure
    private let bytes: @Sendable (Request) throws -> Int

    /// Refuses with `refusal`. `bytes` is what a request's body counts; it may throw a failure of its own.
    public init(
        _ limiter: ConcurrencyLimiter, refusal: HTTPFailure,
        bytes: @escaping @Sendable (Request) throws -> Int = { _ in 0 }
    ) {
        self.limiter = limiter
        self.refusal = refusal
        self.bytes = bytes
    }

    /// Answers within the limit. Throws the refusal.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let place = limiter.enter(bytes: try bytes(request)) else { throw refusal }
        var response = try await next(request, context)
        response.body = response.body.holding(place)
        return response
    }
}
