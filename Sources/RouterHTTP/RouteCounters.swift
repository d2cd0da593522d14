import Routing
import Synchronization

/// What `/metrics` tells. Names are an interface: a test holds them.
final class RouteCounters: Sendable {
    private struct State {
        var decisions: [String: [RouteDecision.Reason: Int]] = [:]
        var expectedDollars: [String: Double] = [:]
        var durations = [Int](repeating: 0, count: RouteCounters.bounds.count + 1)
        var durationSum = 0.0
        var upstream: [String: [String: Int]] = [:]
        var fallbacks: [String: Int] = [:]
        var outcomes: [String: Int] = [:]
        var refused: [String: Int] = [:]
        var underWay = 0
    }

    private let state = Mutex(State())

    /// Upper bounds of the decisions' durations, in seconds.
    static let bounds = [0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// A decision for `model`, or for none, that took so long.
    func decided(model: String?, reason: RouteDecision.Reason, dollars: Double?, took: Duration) {
        let seconds = took / .seconds(1)
        state.withLock { state in
            state.decisions[model ?? "none", default: [:]][reason, default: 0] += 1
            if let model, let dollars { state.expectedDollars[model, default: 0] += dollars }
            state.durations[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
            state.durationSum += seconds
        }
    }

    /// What became of a request to an endpoint: `ok`, `client_error`, `server_error`, `timeout`, `unreachable`.
    func answered(model: String, result: String) {
        state.withLock { $0.upstream[model, default: [:]][result, default: 0] += 1 }
    }

    /// A request went on to another model, for this reason.
    func fellBack(_ reason: String) { state.withLock { $0.fallbacks[reason, default: 0] += 1 } }

    /// Outcomes that were `accepted`, `duplicate` or `rejected`.
    func outcomes(_ result: String, _ count: Int) { state.withLock { $0.outcomes[result, default: 0] += count } }

    /// A request that was refused, by its code.
    func refused(_ code: String) { state.withLock { $0.refused[code, default: 0] += 1 } }

    /// One more request is being served, unless `most` are already; then `false`.
    func enter(most: Int) -> Bool {
        state.withLock { state in
            guard state.underWay < most else { return false }
            state.underWay += 1
            return true
        }
    }

    /// A request is over.
    func leave() { state.withLock { $0.underWay -= 1 } }

    /// Everything, with what only others know.
    func text(fleet: Fleet, historyRows: [Int], upstreamUnderWay: [Int], logLost: Int, model: String, version: String)
        -> String
    {
        let state = state.withLock { $0 }
        let named = { (key: String, values: [String: Double]) in
            values.sorted { $0.key < $1.key }.map { (labels: [(key, $0.key)], value: $0.value) }
        }
        let names = fleet.models.map(\.name)
        var text = PrometheusText()
        text.metric(
            "statezero_build_info", .gauge, "Program and value model; always 1.",
            [([("version", version), ("model", model)], 1)])
        text.metric(
            "statezero_route_decisions_total", .counter, "Decisions by the model chosen and the reason.",
            state.decisions.sorted { $0.key < $1.key }.flatMap { model, reasons in
                reasons.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    ([("model", model), ("reason", $0.key.rawValue)], Double($0.value))
                }
            })
        text.metric(
            "statezero_route_cost_dollars_total", .counter, "Expected cost of the requests decided for, in US dollars.",
            named("model", state.expectedDollars))
        text.histogram(
            "statezero_route_duration_seconds", "Time from a request's body to its decision.", bounds: Self.bounds,
            counts: state.durations, sum: state.durationSum)
        text.metric(
            "statezero_route_fallbacks_total", .counter, "Requests that went on to another model, by what failed.",
            named("reason", state.fallbacks.mapValues(Double.init)))
        text.metric(
            "statezero_route_upstream_requests_total", .counter, "Requests to endpoints by result.",
            state.upstream.sorted { $0.key < $1.key }.flatMap { model, results in
                results.sorted { $0.key < $1.key }.map { ([("model", model), ("result", $0.key)], Double($0.value)) }
            })
        text.metric(
            "statezero_route_upstream_inflight", .gauge, "Requests under way at endpoints.",
            zip(names, upstreamUnderWay).map { ([("model", $0)], Double($1)) })
        text.metric(
            "statezero_route_history_rows", .gauge, "Rows of history that are prepared.",
            zip(names, historyRows).map { ([("model", $0)], Double($1)) })
        text.metric(
            "statezero_outcomes_total", .counter, "Outcomes fed back, by what became of them.",
            named("result", state.outcomes.mapValues(Double.init)))
        text.metric(
            "statezero_route_refused_total", .counter, "Requests refused, by code.",
            named("code", state.refused.mapValues(Double.init)))
        text.metric("statezero_route_inflight", .gauge, "Requests being served.", [([], Double(state.underWay))])
        text.metric(
            "statezero_route_log_lines_lost_total", .counter, "Decisions that could not be logged.",
            [([], Double(logLost))])
        return text.text
    }
}
