import HTTPServing
import HTTPTypes
import Hummingbird

/// Refuses requests without a key of the server; without keys, everybody may ask.
struct KeyMiddleware<Context: RequestContext>: RouterMiddleware {
    let keys: ClientKeys

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard keys.accept(request.headers[.authorization]) else {
            throw HTTPFailure(.unauthorized, "invalid_api_key", "send the router's key as Authorization: Bearer")
        }
        return try await next(request, context)
    }
}
