public import Hummingbird

/// Refuses paths with an empty part, such as `/v1//plans` and `/v1/plans/`: Hummingbird would ignore the empty part,
/// although a prompt's or policy's id may be missing.
public struct StrictPathMiddleware<Context: RequestContext>: RouterMiddleware {
    private let refusal: HTTPFailure

    /// Refuses with `refusal`.
    public init(refusal: HTTPFailure) {
        self.refusal = refusal
    }

    /// Answers requests for strict paths. Throws the refusal.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if path.contains("//") || (path.count > 1 && path.hasSuffix("/")) {
            context.coreContext.endpointPath.value = nil
            throw refusal
        }
        return try await next(request, context)
    }
}
