public import Hummingbird

/// Accepts a request if a limiter has a place for it, and holds the place until the answer is written.
public struct ConcurrencyMiddleware: RouterMiddleware {
    /// The place is kept in it.
    public typealias Context = ServedContext

    private let limiter: ConcurrencyLimiter
    private let refusal: HTTPFailure

    /// Refuses with `refusal`.
    public init(_ limiter: ConcurrencyLimiter, refusal: HTTPFailure) {
        self.limiter = limiter
        self.refusal = refusal
    }

    /// Answers within the limit. Throws the refusal.
    public func handle(
        _ request: Request, context: ServedContext, next: (Request, ServedContext) async throws -> Response
    ) async throws -> Response {
        guard let place = limiter.enter() else { throw refusal }
        var context = context
        context.place = place
        var response = try await next(request, context)
        response.body = response.body.holding(place)
        return response
    }
}
