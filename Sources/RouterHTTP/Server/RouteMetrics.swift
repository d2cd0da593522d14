import CoreMetrics
import HTTPServing
import MetricsExport
import Routing

/// What `/metrics` of `route serve` exports. Names, labels and help lines are an interface; a snapshot test holds them.
///
/// Decisions, requests to endpoints, outcomes and refusals are counted as they happen, through swift-metrics. Levels that
/// others keep (`Levels`) are read when the export is written.
final class RouteMetrics: Sendable {
    private let spans: SpanMetrics
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
        MetricFamily(.gauge, "statezero_route_upstream_inflight", "Requests in flight at endpoints."),
        MetricFamily(.gauge, "statezero_route_history_rows", "Rows of history that are prepared."),
        MetricFamily(.counter, "statezero_outcomes_total", "Outcomes fed back, by what became of them."),
        MetricFamily(.counter, "statezero_route_refused_total", "Requests refused, by code."),
        MetricFamily(.gauge, "statezero_route_inflight", "Requests being served."),
        MetricFamily(.counter, "statezero_route_log_lines_lost_total", "Decisions that could not be logged."),
        MetricFamily(.gauge, "statezero_route_connections", "Open connections of clients."),
        MetricFamily(.gauge, "statezero_route_sessions", "Sessions that are known."),
        MetricFamily(.gauge, "statezero_route_decisions_kept", "Newest decisions that outcomes may name by their id."),
        MetricFamily(.gauge, "statezero_route_spent_total_dollars", "US dollars spent today (UTC) by all clients."),
        MetricFamily(
            .gauge, "statezero_route_spent_dollars",
            "US dollars spent today (UTC) by client, for requests with the server's or the client's key."),
        MetricFamily(
            .gauge, "statezero_route_calibration_outcomes", "Outcomes with a prediction, the newest 512 of a model."),
        MetricFamily(
            .gauge, "statezero_route_calibration_error_ratio",
            "Expected calibration error of p against these outcomes."),
        MetricFamily(
            .gauge, "statezero_route_calibration_chance_ratio", "The error that chance alone would show."),
        MetricFamily(
            .gauge, "statezero_route_calibration_deviations",
            "Rewards less p, in standard deviations of their sum."),
        MetricFamily(.gauge, "statezero_route_drift", "1 where a model's outcomes contradict its predictions."),
    ]

    init(spans: SpanMetrics) {
        self.spans = spans
        exporter = PrometheusExporter(Self.families + spans.families)
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

    /// A request to an endpoint ended: `ok`, `client_error`, `client_left`, or a reason of `UpstreamFailure`.
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
        var connections: Int
        var sessions: Int
        var decisionsKept: Int
        var spent: [String: Double]
        /// Whose spending the request may see.
        var scope: ClientKeys.Scope
        var calibration: [CalibrationWatch.Report]
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
            samples.add("statezero_route_connections", levels.connections)
            samples.add("statezero_route_sessions", levels.sessions)
            samples.add("statezero_route_decisions_kept", levels.decisionsKept)
            samples.add("statezero_route_spent_total_dollars", levels.spent.values.reduce(0, +))
            for (client, dollars) in levels.spent.sorted(by: { $0.key < $1.key }) where levels.scope.sees(client) {
                samples.add(
                    "statezero_route_spent_dollars", dollars, ["client": client.isEmpty ? FleetClient.none : client])
            }
            for (name, report) in zip(levels.fleet, levels.calibration) { Self.add(report, of: name, to: &samples) }
            spans.add(to: &samples)
        }
    }

    private static func add(_ report: CalibrationWatch.Report, of model: String, to samples: inout CollectedSamples) {
        samples.add("statezero_route_calibration_outcomes", report.outcomes, ["model": model])
        samples.add("statezero_route_drift", report.hasDrifted ? 1 : 0, ["model": model])
        for (name, value) in [
            ("error_ratio", report.calibrationError), ("chance_ratio", report.calibrationErrorExpected),
            ("deviations", report.deviations),
        ] {
            if let value { samples.add("statezero_route_calibration_\(name)", value, ["model": model]) }
        }
    }
}
