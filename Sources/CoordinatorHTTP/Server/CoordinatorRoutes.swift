import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import JSON
import Logging
import Scoring

/// The table of paths and their handlers, and the middleware before them: metrics, errors, limits.
///
/// Paths are those of `proto/openapi.yaml`, and labels of the metrics.
struct CoordinatorRoutes: Sendable {
    let health: HealthHandlers
    let plans: PlanHandlers
    let outcomes: OutcomeHandlers
    let scores: ScoreHandlers
    let body: RequestBody
    let limiter: ConcurrencyLimiter
    let metrics: CoordinatorMetrics
    let logger: Logger

    /// Bytes of the bodies of all requests in progress.
    static let bodyBytesMax = 256 << 20

    /// A router with all of it.
    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: metrics.middleware())
        router.add(middleware: FailureMiddleware(failures))
        router.add(middleware: StrictPathMiddleware(refusal: Self.notFound))
        serve(router, "/livez", .get) { _, _ in try await health.isLive() }
        serve(router, "/readyz", .get) { _, _ in try await health.isReady() }
        serve(router, "/v1/status", .get) { _, _ in try await health.status() }
        serve(router, "/metrics", .get) { _, _ in try await health.metrics(metrics) }
        let work = router.group().add(
            middleware: ConcurrencyMiddleware(limiter, refusal: busy) { try body.declaredBytes(of: $0) })
        serve(
            work, "/v1/plans",
            [
                .post: { request, _ in
                    let json = try await json(of: request)
                    let isStream = (request.headers[.accept] ?? "").contains("application/x-ndjson")
                    return isStream ? try await plans.stream(json) : try await plans.make(json)
                }, .delete: { request, _ in try await plans.drop(query: request.uri.query) },
            ])
        serve(work, "/v1/plans/{policy_id}/{step}", .get) { request, context in
            let numbers = try Self.numbers(
                request, ["groups_after": PlanLimits.counts, "wait_ms": Timeouts.planWaitMilliseconds])
            return try await plans.find(
                policyID: try Self.text("policy_id", context), step: try Self.text("step", context),
                groupsAfter: numbers["groups_after"] ?? 0, wait: .milliseconds(numbers["wait_ms"] ?? 0))
        }
        serve(work, "/v1/outcomes", .post) { request, _ in try await outcomes.record(try await json(of: request)) }
        serve(work, "/v1/score", .post) { request, _ in try await scores.score(try await json(of: request)) }
        return router
    }

    private func serve(
        _ router: some RouterMethods<BasicRequestContext>, _ path: String, _ method: HTTPRequest.Method,
        _ handler: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
    ) {
        serve(router, path, [method: handler])
    }

    private func serve(
        _ router: some RouterMethods<BasicRequestContext>, _ path: String,
        _ handlers: [HTTPRequest.Method: @Sendable (Request, BasicRequestContext) async throws -> Response]
    ) {
        let methods = handlers.keys.map(\.rawValue).sorted()
        let refusal = HTTPFailure(
            .methodNotAllowed, .methodNotAllowed, "\(path) takes \(methods.joined(separator: " and ")) only",
            headers: [.allow: methods.joined(separator: ", ")])
        router.route(RouterPath(path), only: handlers, refusal: refusal)
    }

    private func json(of request: Request) async throws -> JSONValue {
        _ = try Self.numbers(request, [:])
        return try await body.json(of: request)
    }

    private static func numbers(
        _ request: Request, _ ranges: KeyValuePairs<String, ClosedRange<Int>>
    ) throws(HTTPFailure) -> [String: Int] {
        do throws(QueryNumbers.Fault) {
            return try QueryNumbers.read(request.uri.query, ranges)
        } catch {
            throw HTTPFailure(error)
        }
    }

    /// A part of the path, percent-encoding undone.
    private static func text(_ name: String, _ context: BasicRequestContext) throws(HTTPFailure) -> String {
        guard let text = context.parameters.get(name)?.removingPercentEncoding else { throw notFound }
        return text
    }

    // MARK: Failures

    private static let notFound = HTTPFailure(
        .notFound, .notFound, "there is nothing at this path; proto/openapi.yaml has the paths")

    private var busy: HTTPFailure {
        HTTPFailure(
            .tooManyRequests, .busy,
            "\(limiter.requestsMax) requests or \(limiter.bytesMax) bytes are in progress; try again", retryAfter: 1)
    }

    private var failures: FailureMiddleware<BasicRequestContext>.Format {
        FailureMiddleware.Format(
            body: { failure in JSONWriter.object { failure.write(to: &$0) }.withLineEnd },
            failure: { error in (error as? HTTPError)?.status == .notFound ? Self.notFound : nil },
            onFailure: { [logger] failure, _ in
                logger.debug("request refused", metadata: ["code": "\(failure.code)"])
            },
            closing: [.contentTooLarge, .requestTimeout, .tooManyRequests, .unsupportedMediaType])
    }
}
