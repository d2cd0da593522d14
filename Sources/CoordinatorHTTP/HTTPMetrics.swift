import Synchronization

/// Counts of requests, and how long they took, by route and status.
final class HTTPMetrics: Sendable {
    /// What a request is counted under: one of the few routes, never its path.
    struct Label: Hashable {
        let route: String

        init(route: Route?) {
            self.route = route?.rawValue ?? "other"
        }
    }

    private struct Key: Hashable {
        let label: Label
        let code: Int
    }

    private struct Series {
        /// By bucket, not summed up; the last one is what is beyond all bounds.
        var counts = [Int](repeating: 0, count: HTTPMetrics.bounds.count + 1)
        var seconds = 0.0
    }

    private struct State {
        var series: [Key: Series] = [:]
        var inFlight = 0
    }

    /// Seconds; a plan within 0.5 is invisible to a trainer, a look may wait 30.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30]

    private let state = Mutex(State())

    /// A request has come.
    func begin() {
        state.withLock { $0.inFlight += 1 }
    }

    /// A request is answered.
    func end(_ label: Label, code: Int, after duration: Duration) {
        let seconds =
            Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.inFlight -= 1
            state.series[Key(label: label, code: code), default: Series()].counts[bucket] += 1
            state.series[Key(label: label, code: code), default: Series()].seconds += seconds
        }
    }

    /// Writes all of it, in a fixed order.
    func write(to text: inout MetricsText) {
        let now = state.withLock { (series: $0.series, inFlight: $0.inFlight) }
        let rows = now.series.sorted { ($0.key.label.route, $0.key.code) < ($1.key.label.route, $1.key.code) }
        text.metric("statezero_http_requests_in_flight", .gauge, "Requests that are not answered yet.")
        text.sample("statezero_http_requests_in_flight", is: now.inFlight)
        text.metric("statezero_http_requests_total", .counter, "Requests answered.")
        for (key, series) in rows {
            text.sample(
                "statezero_http_requests_total", ["route": key.label.route, "code": "\(key.code)"],
                is: series.counts.reduce(0, +))
        }
        let name = "statezero_http_request_duration_seconds"
        text.metric(name, .histogram, "From a request's head to its answer, or to a stream's last line.")
        for (key, series) in rows {
            var sum = 0
            for (bound, count) in zip(Self.bounds.map(\.description) + ["+Inf"], series.counts) {
                sum += count
                text.sample(
                    name + "_bucket", ["route": key.label.route, "code": "\(key.code)", "le": bound], is: sum)
            }
            text.sample(name + "_sum", ["route": key.label.route, "code": "\(key.code)"], is: series.seconds)
            text.sample(name + "_count", ["route": key.label.route, "code": "\(key.code)"], is: sum)
        }
    }
}
