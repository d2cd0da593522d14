public import Hummingbird

/// Refuses paths with an empty part, such as `/v1//plans` and `/v1/plans/`: Hummingbird would ignore the empty part,
/// although a prompt's or policy's id may be missing.
public struct StrictPathMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Refuses with `HTTPFailure.notFound`.
    public init() {}

    /// Answers requests for strict paths. Throws `notFound`.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if path.contains("//") || (path.count > 1 && path.hasSuffix("/")) {
            context.coreContext.endpointPath.value = nil
            throw HTTPFailure.notFound
        }
        return try await next(request, context)
    }
}
