import Cluster
import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers what the page and `statezero top` ask: the page itself, an overview, and the overview every second.
struct PageHandlers: Sendable {
    let page = WebPage(
        title: "StateZero coordinator", main: PackageResources.coordinator_html, script: PackageResources.coordinator_js
    )
    /// Readers of one scope are one audience.
    let feed: EventFeed<Scope>

    init(_ coordinator: CoordinatorClient, version: String, readersMax: Int, timeouts: Timeouts) {
        let source = OverviewSource(coordinator, version: version, timeouts: timeouts)
        feed = EventFeed(listenersMax: readersMax, body: CoordinatorRoutes.body, tick: { await source.sample() }) {
            scope async throws(HTTPFailure) in try await source.overview(of: scope)
        }
    }

    /// `GET /`.
    func show(_ request: Request) -> Response { page.response(to: request) }

    /// `GET /v1/overview`.
    func overview(of scope: Scope) async throws -> Response { .json(try await feed.state(for: scope)) }

    /// `GET /v1/events`: the overview every second, `count` times or until the reader leaves.
    func events(of scope: Scope, count: Int?) async throws -> Response {
        guard await feed.hasPlace else {
            throw HTTPFailure(
                .tooManyRequests, .busy, "too many readers have /v1/events open; read /v1/overview instead",
                retryAfter: 5)
        }
        return await feed.response(to: scope, count: count)
    }
}
