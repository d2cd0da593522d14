import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import JSON
import Keys
import Logging
import Scoring
import Traces

/// The table of paths and their handlers, and the middleware before them: metrics, errors, limits.
///
/// Paths are those of `proto/openapi.yaml`, and labels of the metrics.
struct CoordinatorRoutes: Sendable {
    let health: HealthHandlers
    let plans: PlanHandlers
    let outcomes: OutcomeHandlers
    let scores: ScoreHandlers
    let operators: OperatorHandlers
    let page: PageHandlers
    let policies: PolicyHandlers
    let body: RequestBody
    let limiter: ConcurrencyLimiter
    let metrics: CoordinatorMetrics
    let site: SiteRules
    let tokens: LiveTokens?
    /// Records who has changed what.
    let audit: @Sendable (AuditedChange) -> Void
    /// `nil` traces nothing.
    let tracer: Tracer?
    let logger: Logger

    /// Bytes of the bodies of all requests in progress.
    static let bodyBytesMax = 256 << 20

    /// A router with all of it.
    func router() -> Router<ServedContext> {
        let router = Router(context: ServedContext.self)
        if let tracer { router.add(middleware: TraceMiddleware(tracer)) }
        router.add(middleware: metrics.middleware())
        if let origins: OriginsMiddleware<ServedContext> = CrossOrigin.middleware(site.origins) {
            router.add(middleware: origins)
        }
        router.add(middleware: MethodMiddleware(failures))
        router.add(middleware: FailureMiddleware(failures))
        router.add(middleware: SiteMiddleware(site))
        router.add(middleware: StrictPathMiddleware())
        router.serve("/livez", [.get: { _, _ in try await health.isLive() }])
        router.serve("/readyz", [.get: { _, _ in try await health.isReady() }])
        router.serve("/", [.get: { request, _ in page.show(request) }])
        serveFigures(router.group().add(middleware: TokenMiddleware(tokens, .observe)))
        serveOperators(
            router.group().add(middleware: TokenMiddleware(tokens, .operate))
                .add(middleware: AuditMiddleware(audit: audit)))
        serveTrainers(
            router.group().add(middleware: TokenMiddleware(tokens, .train))
                .add(middleware: AuditMiddleware(audit: audit))
                .add(middleware: ConcurrencyMiddleware(limiter, refusal: busy)))
        router.group().add(middleware: TokenMiddleware(tokens, .score))
            .add(middleware: ConcurrencyMiddleware(limiter, refusal: busy))
            .serve(
                "/v1/score",
                [
                    .post: { request, context in
                        try await scores.score(try await json(of: request, context), in: try context.scope(of: request))
                    }
                ])
        return router
    }

    private func serveFigures(_ figures: RouterGroup<ServedContext>) {
        figures.serve(
            "/v1/status",
            [.get: { request, context in try await health.status(of: try context.scope(of: request)) }])
        figures.serve(
            "/metrics",
            [
                .get: { request, context in
                    try await health.metrics(metrics, of: try context.scope(of: request))
                }
            ])
        figures.serve(
            "/v1/overview",
            [.get: { request, context in try await page.overview(of: try context.scope(of: request)) }])
        figures.serve(
            "/v1/events",
            [
                .get: { request, context in
                    let counts = CoordinatorHTTPServer.eventCounts
                    return try await page.events(
                        of: try context.scope(of: request), count: try Self.numbers(request, ["count": counts])["count"]
                    )
                }
            ])
        figures.serve(
            "/v1/cluster",
            [.get: { request, context in try await operators.details(of: try context.scope(of: request)) }])
    }

    private func serveOperators(_ operations: RouterGroup<ServedContext>) {
        operations.serve(
            "/v1/workers/{name}/drain",
            [
                .post: { request, context in
                    try await operators.drain(try Self.text("name", context), in: try context.scope(of: request))
                }
            ])
        operations.serve(
            "/v1/jobs/{id}/cancel",
            [
                .post: { request, context in
                    try await operators.cancel(try Self.text("id", context), in: try context.scope(of: request))
                }
            ])
    }

    private func serveTrainers(_ work: RouterGroup<ServedContext>) {
        work.serve(
            "/v1/plans",
            [
                .post: { request, context in
                    let scope = try context.scope(of: request)
                    let json = try await json(of: request, context)
                    let isStream = (request.headers[.accept] ?? "").contains("application/x-ndjson")
                    return isStream ? try await plans.stream(json, in: scope) : try await plans.make(json, in: scope)
                },
                .delete: { request, context in
                    try await plans.drop(query: request.uri.query, in: try context.scope(of: request))
                },
            ])
        work.serve(
            "/v1/plans/{policy_id}/{step}",
            [
                .get: { request, context in
                    let numbers = try Self.numbers(
                        request, ["groups_after": PlanLimits.counts, "wait_ms": Timeouts.planWaitMilliseconds])
                    return try await plans.find(
                        policyID: try Self.text("policy_id", context), step: try Self.text("step", context),
                        in: try context.scope(of: request),
                        groupsAfter: numbers["groups_after"] ?? 0, wait: .milliseconds(numbers["wait_ms"] ?? 0))
                }
            ])
        work.serve(
            "/v1/outcomes",
            [
                .post: { request, context in
                    let scope = try context.scope(of: request)
                    return try await outcomes.record(try await json(of: request, context), in: scope)
                }
            ])
        work.serve(
            "/v1/policies",
            [.get: { request, context in try await policies.list(in: try context.scope(of: request)) }])
        work.serve(
            "/v1/policies/{policy_id}",
            [
                .delete: { request, context in
                    try await policies.forget(
                        try Self.text("policy_id", context), in: try context.scope(of: request))
                }
            ])
        work.serve(
            "/v1/policies/{policy_id}/outcomes",
            [
                .get: { request, context in
                    let numbers = try Self.numbers(
                        request, ["from": 0...Int.max, "count": PolicyHandlers.outcomesCount])
                    return try await policies.outcomes(
                        of: try Self.text("policy_id", context), in: try context.scope(of: request),
                        from: numbers["from"] ?? 0,
                        count: numbers["count"] ?? 1024)
                }
            ])
    }

    private func json(of request: Request, _ context: ServedContext) async throws -> JSONValue {
        _ = try Self.numbers(request, [:])
        return try await body.json(of: request, context)
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
    private static func text(_ name: String, _ context: ServedContext) throws(HTTPFailure) -> String {
        guard let text = context.parameters.get(name)?.removingPercentEncoding else { throw HTTPFailure.notFound }
        return text
    }

    // MARK: Failures

    private var busy: HTTPFailure {
        HTTPFailure(
            .tooManyRequests, .busy,
            "\(limiter.requestsMax) requests are in progress; try again", retryAfter: 1)
    }

    private var failures: FailureMiddleware<ServedContext>.Format {
        FailureMiddleware.Format(
            body: Self.body,
            onFailure: { [logger, metrics] failure, _ in
                metrics.refused(failure.code)
                logger.debug("request refused", metadata: ["code": "\(failure.code)"])
            })
    }

    /// The JSON of a failure.
    @Sendable
    static func body(_ failure: HTTPFailure) -> [UInt8] {
        JSONWriter.object { failure.write(to: &$0) }.withLineEnd
    }
}
