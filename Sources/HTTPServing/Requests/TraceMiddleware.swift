import HTTPTypes
package import Hummingbird
package import Traces

/// A span for each request: the parent of what the request causes, and a child of the caller's span (`traceparent`,
/// with `tracestate`).
///
/// Probes and scrapes are traced only where they have a parent. Paths and queries are never recorded, only routes.
package struct TraceMiddleware<Context: RequestContext>: RouterMiddleware {
    private let tracer: Tracer

    /// Traces with a tracer.
    package init(_ tracer: Tracer) {
        self.tracer = tracer
    }

    /// Serves the request within its span.
    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let parent = Self.parent(request.headers)
        guard parent != nil || !Self.unasked.contains(request.uri.path) else { return try await next(request, context) }
        let span = tracer.start(request.method.rawValue, .server, parent: parent)
        span.set("http.request.method", request.method.rawValue)
        let end = { @Sendable (code: Int) in
            if let route = context.endpointPath, route != AnswerEnd.noRoute {
                span.set("http.route", route)
                span.rename("\(request.method.rawValue) \(route)")
            }
            span.set("http.response.status_code", code)
            span.end(failure: code >= 500 ? "status \(code)" : nil)
        }
        return try await AnswerEnd.serve(
            {
                var response = try await Span.$current.withValue(span) { try await next(request, context) }
                guard response.body.contentLength == nil else { return response }
                let body = response.body
                response.body = ResponseBody { writer in
                    try await Span.$current.withValue(span) { try await body.write(writer) }
                }
                return response
            }, end: end)
    }

    /// The caller's span; `nil` without one, and where the header is not valid.
    private static func parent(_ headers: HTTPFields) -> TraceContext? {
        guard let parent = HTTPField.Name("traceparent"), let state = HTTPField.Name("tracestate") else { return nil }
        return TraceContext(traceparent: headers[values: parent], tracestate: headers[values: state])
    }

    /// What machines ask every few seconds, and streams that stay open for hours.
    private static var unasked: Set<String> { ["/livez", "/readyz", "/metrics", "/v1/events"] }
}
