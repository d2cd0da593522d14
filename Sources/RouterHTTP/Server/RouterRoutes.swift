import Corpora
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Keys
import Logging
import MetricsExport
import NIOCore
import Routing
import Scoring
import Synchronization
import Traces

/// Which path of `route serve` is answered by what, and what each request passes first: errors, key, limit.
struct RouterRoutes: Sendable {
    let service: RouteService
    let limiter: ConcurrencyLimiter
    let body: BodyReader
    let keys: ClientKeys
    let connections: CallerConnections
    let page: RouterPage
    let site: SiteRules
    /// For `/metrics`.
    let version: String
    /// `nil` traces nothing.
    let tracer: Tracer?
    let logger: Logger

    /// A router with all of it.
    func router() -> Router<ServedContext> {
        let router = Router(context: ServedContext.self)
        if let tracer { router.add(middleware: TraceMiddleware(tracer)) }
        if let origins: OriginsMiddleware<ServedContext> = CrossOrigin.middleware(
            site.origins, exposing: RouteService.headerNames)
        {
            router.add(middleware: origins)
        }
        router.add(middleware: MethodMiddleware(failures))
        router.add(middleware: FailureMiddleware(failures))
        router.add(middleware: SiteMiddleware(site))
        router.serve("/livez", [.get: { _, _ in Self.ok }])
        router.serve("/readyz", [.get: { _, _ in Self.ok }])
        router.serve(
            "/metrics",
            [
                .get: { request, _ in
                    try keys.checkFigures(request.headers[.authorization])
                    return metrics(keys.scope(request.headers[.authorization]))
                }
            ])
        router.serve("/", [.get: { request, _ in page.page.response(to: request) }])
        // Readers stay for hours, so they do not count as requests being served.
        let readers = router.group().add(middleware: KeyMiddleware(keys: keys, accesses: ClientKeys.figures))
        readers.serve(
            "/v1/overview",
            [.get: { request, _ in try await page.overview(keys.scope(request.headers[.authorization])) }])
        readers.serve(
            "/v1/events",
            [
                .get: { request, _ in
                    try await page.events(keys.scope(request.headers[.authorization]), count: try Self.count(request))
                }
            ])
        let refusal = HTTPFailure(
            .tooManyRequests, "overloaded", "\(limiter.requestsMax) requests are being served", retryAfter: 1)
        let limited = { (accesses: [Access]) in
            router.group()
                .add(middleware: KeyMiddleware(keys: keys, accesses: accesses))
                .add(middleware: ConcurrencyMiddleware(limiter, refusal: refusal))
        }
        let work = limited([.score])
        work.serve("/v1/models", [.get: { _, _ in JSONBody.response(ModelList(service.fleet)) }])
        // Names of models may have slashes.
        work.serve("/v1/models/**", [.get: { _, context in try model(context) }])
        limited(ClientKeys.figures).serve(
            "/v1/status", [.get: { request, _ in status(keys.scope(request.headers[.authorization])) }])
        work.serve(
            "/v1/chat/completions",
            [
                .post: { request, context in
                    try await service.complete(try await chat(request, context), try caller(request, context))
                }
            ])
        work.serve(
            "/v1/route",
            [
                .post: { request, context in
                    try await service.route(try await chat(request, context), try caller(request, context))
                }
            ])
        limited([.train]).serve(
            "/v1/outcomes",
            [
                .post: { request, context in
                    JSONBody.response(try await service.record(try await bytes(of: request, context)))
                }
            ])
        return router
    }

    private static func count(_ request: Request) throws(HTTPFailure) -> Int? {
        do throws(QueryNumbers.Fault) {
            return try QueryNumbers.read(request.uri.query, ["count": 1...1_000_000])["count"]
        } catch {
            throw HTTPFailure(.badRequest, "invalid_query", "count must be a whole number from 1 to 1000000: \(error)")
        }
    }

    private static var ok: Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "ok\n")))
    }

    private func model(_ context: ServedContext) throws(HTTPFailure) -> Response {
        let name = context.parameters.getCatchAll().joined(separator: "/")
        let id = name.removingPercentEncoding ?? name
        guard let entry = ModelList(service.fleet).data.first(where: { $0.id == id }) else {
            throw service.unknownModel(id)
        }
        return JSONBody.response(entry)
    }

    private func status(_ scope: ClientKeys.Scope) -> Response {
        JSONBody.response(service.status(version: version, scope))
    }

    private func metrics(_ scope: ClientKeys.Scope) -> Response {
        let levels = RouteMetrics.Levels(
            version: version, model: service.thread.fingerprint.digest.short, fleet: service.fleet.models.map(\.name),
            historyRows: service.thread.historyRows,
            upstreamInFlight: service.endpoints.withLock { $0.inFlight }, inFlight: limiter.requests,
            logLinesLost: service.log.lost, connections: connections.count,
            sessions: service.sessions.withLock { $0.count }, decisionsKept: service.recent.count,
            spent: service.spending.spent, scope: scope,
            calibration: service.fleet.models.indices.map { index in service.watch.withLock { $0.report(of: index) } })
        return Response(
            status: .ok, headers: [.contentType: PrometheusExporter.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: service.metrics.text(levels))))
    }

    private func caller(_ request: Request, _ context: ServedContext) throws(HTTPFailure) -> Caller {
        try Caller(
            request, client: keys.client(request.headers[.authorization]), channel: context.channel,
            connections: connections)
    }

    private func bytes(of request: Request, _ context: ServedContext) async throws -> [UInt8] {
        try Self.checkType(request.headers[.contentType])
        do {
            return try await body.bytes(of: request, context)
        } catch BodyReader.Fault.tooLarge {
            throw HTTPFailure(
                .contentTooLarge, "body_too_large", "a request has at most \(body.bytesMax) bytes")
        } catch BodyReader.Fault.late {
            throw HTTPFailure(
                .requestTimeout, "body_too_slow", "the body was not complete within \(body.time ?? .zero)")
        } catch BodyReader.Fault.crowded {
            throw HTTPFailure(
                .tooManyRequests, "overloaded", "the bodies of the requests being served are too large together",
                retryAfter: 1)
        } catch BodyReader.Fault.encoded(let encoding) {
            throw HTTPFailure(
                .unsupportedMediaType, "unsupported_encoding",
                "the body has the encoding \(encoding.prefix(40)); send it without Content-Encoding",
                headers: [.acceptEncoding: "identity"])
        } catch {
            // The connection ended before the body did.
            throw RouterHTTPError.clientLeft
        }
    }

    /// Throws for the types that a web page can send without asking first; clients of OpenAI send `application/json`.
    private static func checkType(_ header: String?) throws(HTTPFailure) {
        let type = (header ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"].contains(type) else { return }
        throw HTTPFailure(
            .unsupportedMediaType, "unsupported_media_type",
            "the body must be JSON, with the header Content-Type: application/json, not \(type)")
    }

    private func chat(_ request: Request, _ context: ServedContext) async throws -> ChatRequest {
        let bytes = try await bytes(of: request, context)
        do {
            return try ChatRequest(bytes)
        } catch {
            throw HTTPFailure(.badRequest, error.code, error.message)
        }
    }

    // MARK: Failures

    private var failures: FailureMiddleware<ServedContext>.Format {
        FailureMiddleware.Format(
            body: JSONBody.bytes(of:), failure: Self.failure,
            onFailure: { [metrics = service.metrics, logger] failure, error in
                metrics.refused(failure.code)
                guard !(error is HTTPFailure), failure.status.code >= 500 else { return }
                logger.error("request failed", metadata: ["error": "\(error)"])
            })
    }

    @Sendable
    private static func failure(_ error: any Error) -> HTTPFailure {
        switch error {
        case RouterHTTPError.overloaded:
            HTTPFailure(.tooManyRequests, "overloaded", "\(error)", retryAfter: 1)
        // Nobody reads this answer; the code is counted.
        case RouterHTTPError.clientLeft: HTTPFailure(.init(code: 499), "client_left", "\(error)")
        case RouterHTTPError.late, RouterHTTPError.stopped:
            HTTPFailure(.serviceUnavailable, "undecided", "\(error)", retryAfter: 1)
        case RouterHTTPError.state:
            HTTPFailure(
                .serviceUnavailable, "not_durable", "the outcomes could not be written; send them again", retryAfter: 5)
        default: HTTPFailure(.internalServerError, "failed", "\(error)")
        }
    }
}
