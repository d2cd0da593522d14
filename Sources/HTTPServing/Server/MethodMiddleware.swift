import HTTPTypes
public import Hummingbird

/// What a method means for every path: an answer to `HEAD` has no body, and one that HTTP does not know is refused.
public struct MethodMiddleware<Context: RequestContext>: RouterMiddleware {
    private let inner: FailureMiddleware<Context>

    /// Writes a refusal in a format.
    public init(_ format: FailureMiddleware<Context>.Format) {
        inner = FailureMiddleware(format)
    }

    /// Answers a request.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard HTTPRequest.Method.known.contains(request.method) else {
            return try await inner.handle(request, context: context) { _, _ in
                throw HTTPFailure(
                    .notImplemented, "unknown_method", "\(request.method.rawValue.prefix(40)) is no method of HTTP")
            }
        }
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
