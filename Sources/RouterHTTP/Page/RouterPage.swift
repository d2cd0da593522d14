import HTTPServing
import Hummingbird
import Routing
import Synchronization

/// The page of `route serve` and its events. The page has no data; events need the key that `/v1/status` needs, and show a
/// client no more than that does.
struct RouterPage: Sendable {
    let page = WebPage(
        title: "StateZero router", main: PackageResources.router_html, script: PackageResources.router_js)
    let feed: EventFeed<ClientKeys.Scope>

    /// Levels that others keep.
    struct Levels: Sendable {
        var inFlight: Int
        var connections: Int
    }

    init(_ service: RouteService, version: String, levels: @escaping @Sendable () -> Levels) {
        let rates = RateBox()
        feed = EventFeed(
            body: JSONBody.bytes(of:),
            tick: { rates.value.withLock { $0.add(service.activity.withLock { $0.decisions }) } },
            make: { scope in
                JSONBody.bytes(
                    service.overview(
                        service.status(version: version, scope), rates: rates.value.withLock { $0 }, levels()))
            })
    }

    private final class RateBox: Sendable {
        let value = Mutex(DecisionRates())
    }

    /// `GET /v1/overview`.
    func overview(_ scope: ClientKeys.Scope) async throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: .init(bytes: try await feed.state(for: scope))))
    }

    /// `GET /v1/events`: the overview every second, `count` times or until the reader leaves.
    func events(_ scope: ClientKeys.Scope, count: Int?) async throws -> Response {
        guard await feed.hasPlace else {
            throw HTTPFailure(
                .tooManyRequests, "overloaded", "too many readers have /v1/events open; read /v1/overview instead",
                retryAfter: 5)
        }
        return await feed.response(to: scope, count: count)
    }
}

extension RouteService {
    /// The page's figures.
    func overview(_ status: Status, rates: DecisionRates, _ levels: RouterPage.Levels) -> RouteOverview {
        let activity = activity.withLock { $0 }
        let seconds = uptime
        return RouteOverview(
            status: status, uptime_seconds: seconds, is_observing: options.isObserving,
            default_model: fleet.models[fleet.defaultIndex].name,
            rates: .init(
                decisions: rates.now, step_seconds: DecisionRates.stepSeconds, history: rates.steps),
            activity: activity.models.map { .init($0, seconds: seconds) },
            chosen: .init(
                decisions: activity.decisions, predicted: activity.predicted, sum_p: activity.sumP,
                sum_cost: activity.sumCost, undecided: activity.undecided, reasons: activity.reasons),
            in_flight: levels.inFlight, connections: levels.connections, outcomes: activity.outcomes,
            outcomes_rejected: activity.outcomesRejected, log_lines_lost: log.lost)
    }
}
