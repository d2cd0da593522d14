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
            let path = context.endpointPath ?? AnswerEnd.noRoute
            let labels = [("route", path == AnswerEnd.noRoute ? "other" : path), ("code", "\(code)")]
            inFlight.decrement()
            Counter(label: names.requests, dimensions: labels, factory: factory).increment()
            Timer(label: names.durations, dimensions: labels, factory: factory)
                .recordNanoseconds(Int64(clamping: begin.nanosecondsSince))
        }
        return try await AnswerEnd.serve({ try await next(request, context) }, end: end)
    }
}

extension ContinuousClock.Instant {
    fileprivate var nanosecondsSince: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - self).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
