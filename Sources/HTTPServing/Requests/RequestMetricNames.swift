public import MetricsExport

/// The metrics of `RequestMetricsMiddleware`, all under one prefix.
public struct RequestMetricNames: Sendable {
    let inFlight: String
    let requests: String
    let durations: String
    private let bounds: [Double]

    /// Names that begin with `prefix`; `bounds` are those of the buckets of durations, in seconds.
    public init(prefix: String, bounds: [Double]) {
        inFlight = prefix + "_requests_in_flight"
        requests = prefix + "_requests_total"
        durations = prefix + "_request_duration_seconds"
        self.bounds = bounds
    }

    /// Their families, for an exporter.
    public var families: [MetricFamily] {
        [
            MetricFamily(.gauge, inFlight, "Requests that are not answered yet."),
            MetricFamily(.counter, requests, "Requests answered."),
            MetricFamily(
                histogram: durations, "From a request's head to its answer, or to a stream's last line.",
                bounds: bounds, numbers: .decimal),
        ]
    }
}
