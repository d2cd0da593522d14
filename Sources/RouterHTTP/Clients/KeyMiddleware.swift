import HTTPServing
import HTTPTypes
import Hummingbird
import Keys

/// Refuses requests without a key of the server or a token that permits them; without keys and tokens, everybody may ask.
struct KeyMiddleware<Context: RequestContext>: RouterMiddleware {
    let keys: ClientKeys
    /// What a token must permit: one of these.
    let accesses: [Access]

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        try keys.check(request.headers[.authorization], accesses)
        return try await next(request, context)
    }
}
