import HTTPServing
import HTTPTypes
import Hummingbird

/// Refuses requests without the router's key; without a key, everybody may ask.
struct KeyMiddleware<Context: RequestContext>: RouterMiddleware {
    /// What clients must send as `Authorization: Bearer`.
    let key: String?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let key, request.headers[.authorization] != "Bearer \(key)" {
            throw HTTPFailure(.unauthorized, "invalid_api_key", "send the router's key as Authorization: Bearer")
        }
        return try await next(request, context)
    }
}
