import CoreMetrics
public import Hummingbird
public import MetricsExport

/// Counts requests and their durations, by route and status, through swift-metrics.
///
/// A streamed answer ends when its last bytes were written. A request whose connection ended before it was answered is
/// counted under status 499. Paths are never labels: a request without a route is counted under `other`.
public struct RequestMetricsMiddleware<Context: RequestContext>: RouterMiddleware {
    private let names: RequestMetricNames
    private let factory: any MetricsFactory

    /// Counts into an exporter that has `RequestMetricNames.families`.
    public init(_ names: RequestMetricNames, _ exporter: PrometheusExporter) {
        self.names = names
        factory = exporter
    }

    /// Counts the request.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let begin = ContinuousClock.now
        let inFlight = Meter(label: names.inFlight, factory: factory)
        inFlight.increment()
        let end = { @Sendable [names, factory] (code: Int) in
            let path = context.endpointPath ?? Self.noRoute
            let labels = [("route", path == Self.noRoute ? "other" : path), ("code", "\(code)")]
            inFlight.decrement()
            Counter(label: names.requests, dimensions: labels, factory: factory).increment()
            Timer(label: names.durations, dimensions: labels, factory: factory)
                .recordNanoseconds(Int64(clamping: begin.nanosecondsSince))
        }
        do {
            var response = try await next(request, context)
            let code = response.status.code
            guard response.body.contentLength == nil else {
                end(code)
                return response
            }
            let body = response.body
            response.body = ResponseBody { writer in
                defer { end(code) }
                try await body.write(writer)
            }
            return response
        } catch {
            end(499)
            throw error
        }
    }

    /// What Hummingbird names the endpoint of a request without a route.
    private static var noRoute: String { "NotFound" }
}

extension ContinuousClock.Instant {
    fileprivate var nanosecondsSince: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - self).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
