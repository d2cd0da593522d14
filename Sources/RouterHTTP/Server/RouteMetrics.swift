import CoreMetrics
import MetricsExport
import Routing

/// What `/metrics` of `route serve` exports. Names, labels and help lines are an interface; a snapshot test holds them.
///
/// Decisions, requests to endpoints, outcomes and refusals are counted as they happen, through swift-metrics. Levels that
/// others keep (`Levels`) are read when the export is written.
final class RouteMetrics: Sendable {
    private let exporter: PrometheusExporter
    private let decisionTime: Timer

    /// Upper bounds of the decisions' durations, in seconds.
    private static let bounds = [0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    private static let families = [
        MetricFamily(.gauge, "statezero_build_info", "Program and value model; always 1."),
        MetricFamily(.counter, "statezero_route_decisions_total", "Decisions by the model chosen and the reason."),
        MetricFamily(
            .counter, "statezero_route_cost_dollars_total",
            "Expected cost of the requests decided for, in US dollars."),
        MetricFamily(
            histogram: "statezero_route_duration_seconds", "Time from a request's body to its decision.",
            bounds: bounds),
        MetricFamily(
            .counter, "statezero_route_fallbacks_total", "Requests that went on to another model, by what failed."),
        MetricFamily(.counter, "statezero_route_upstream_requests_total", "Requests to endpoints by result."),
        MetricFamily(.gauge, "statezero_route_upstream_inflight", "Requests under way at endpoints."),
        MetricFamily(.gauge, "statezero_route_history_rows", "Rows of history that are prepared."),
        MetricFamily(.counter, "statezero_outcomes_total", "Outcomes fed back, by what became of them."),
        MetricFamily(.counter, "statezero_route_refused_total", "Requests refused, by code."),
        MetricFamily(.gauge, "statezero_route_inflight", "Requests being served."),
        MetricFamily(.counter, "statezero_route_log_lines_lost_total", "Decisions that could not be logged."),
    ]

    init() {
        exporter = PrometheusExporter(Self.families)
        // Made now, so that the histogram is exported before the first decision.
        decisionTime = Timer(label: "statezero_route_duration_seconds", factory: exporter)
    }

    // MARK: Counted as it happens

    /// A decision for `model`, or for none, that took so long.
    func decided(model: String?, reason: RouteDecision.Reason, dollars: Double?, took: Duration) {
        count("statezero_route_decisions_total", [("model", model ?? "none"), ("reason", reason.rawValue)])
        if let model, let dollars {
            FloatingPointCounter(
                label: "statezero_route_cost_dollars_total", dimensions: [("model", model)], factory: exporter
            ).increment(by: dollars)
        }
        let (seconds, attoseconds) = took.components
        decisionTime.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// A request to an endpoint ended: `ok`, `client_error`, `server_error`, `timeout`, `unreachable`.
    func answered(model: String, result: String) {
        count("statezero_route_upstream_requests_total", [("model", model), ("result", result)])
    }

    /// A request went on to another model, for this reason.
    func fellBack(_ reason: String) { count("statezero_route_fallbacks_total", [("reason", reason)]) }

    /// Outcomes that were `accepted`, `duplicate` or `rejected`.
    func outcomes(_ result: String, _ number: Int) {
        count("statezero_outcomes_total", [("result", result)], by: number)
    }

    /// A request that was refused, by its code.
    func refused(_ code: String) { count("statezero_route_refused_total", [("code", code)]) }

    private func count(_ name: String, _ labels: [(String, String)], by number: Int = 1) {
        Counter(label: name, dimensions: labels, factory: exporter).increment(by: number)
    }

    // MARK: Read when exported

    /// Levels that others keep.
    struct Levels {
        /// The program's version, and the value model's name.
        var version: String
        var model: String
        /// Names of the fleet's models; the arrays below are in the same order.
        var fleet: [String]
        var historyRows: [Int]
        var upstreamInFlight: [Int]
        var inFlight: Int
        var logLinesLost: Int
    }

    /// The export.
    func text(_ levels: Levels) -> String {
        exporter.text { samples in
            samples.add("statezero_build_info", 1, ["version": levels.version, "model": levels.model])
            for (name, rows) in zip(levels.fleet, levels.historyRows) {
                samples.add("statezero_route_history_rows", rows, ["model": name])
            }
            for (name, requests) in zip(levels.fleet, levels.upstreamInFlight) {
                samples.add("statezero_route_upstream_inflight", requests, ["model": name])
            }
            samples.add("statezero_route_inflight", levels.inFlight)
            samples.add("statezero_route_log_lines_lost_total", levels.logLinesLost)
        }
    }
}
