import Corpora
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import MetricsExport
import NIOCore
import Routing
import Scoring
import Synchronization

/// Which path of `route serve` is answered by what, and what each request passes first: errors, key, limit.
struct RouterRoutes: Sendable {
    let service: RouteService
    let limiter: ConcurrencyLimiter
    let body: BodyReader
    let keys: ClientKeys
    let connections: CallerConnections
    /// For `/metrics`.
    let version: String
    let logger: Logger

    /// A router with all of it.
    func router() -> Router<RouterContext> {
        let router = Router(context: RouterContext.self)
        router.get("livez") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in "ok\n" }
        router.get("metrics") { _, _ in metrics() }
        let refusal = HTTPFailure(
            .tooManyRequests, "overloaded", "\(limiter.requestsMax) requests are being served", retryAfter: 1)
        let work = router.group("v1")
            .add(middleware: FailureMiddleware(failures))
            .add(middleware: KeyMiddleware(keys: keys))
            .add(middleware: ConcurrencyMiddleware(limiter, refusal: refusal))
        work.get("models") { _, _ in JSONBody.response(ModelList(service.fleet)) }
        work.get("status") { _, _ in JSONBody.response(service.status(version: version)) }
        work.post("chat/completions") { request, context in
            try await service.complete(try await chat(request), try caller(request, context))
        }
        work.post("route") { request, context in
            try await service.route(try await chat(request), try caller(request, context))
        }
        work.post("outcomes") { request, _ in
            JSONBody.response(try await service.record(try await bytes(of: request)))
        }
        return router
    }

    private func metrics() -> Response {
        let levels = RouteMetrics.Levels(
            version: version, model: service.thread.fingerprint.digest.short, fleet: service.fleet.models.map(\.name),
            historyRows: service.thread.historyRows,
            upstreamInFlight: service.endpoints.withLock { $0.inFlight }, inFlight: limiter.requests,
            logLinesLost: service.log.lost, connections: connections.count,
            sessions: service.sessions.withLock { $0.count }, spent: service.spending.spent,
            calibration: service.fleet.models.indices.map { index in service.watch.withLock { $0.report(of: index) } })
        return Response(
            status: .ok, headers: [.contentType: PrometheusExporter.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: service.metrics.text(levels))))
    }

    private func caller(_ request: Request, _ context: RouterContext) throws(HTTPFailure) -> Caller {
        try Caller(
            request, client: keys.client(request.headers[.authorization]), channel: context.channel,
            connections: connections)
    }

    private func bytes(of request: Request) async throws -> [UInt8] {
        do {
            return try await body.bytes(of: request)
        } catch BodyReader.Fault.tooLarge {
            throw HTTPFailure(
                .contentTooLarge, "body_too_large", "a request has at most \(body.bytesMax) bytes")
        } catch BodyReader.Fault.late {
            throw HTTPFailure(
                .requestTimeout, "body_too_slow", "the body was not complete within \(body.time ?? .zero)")
        } catch {
            // The connection ended before the body did.
            throw RouterHTTPError.clientLeft
        }
    }

    private func chat(_ request: Request) async throws -> ChatRequest {
        let bytes = try await bytes(of: request)
        do {
            return try ChatRequest(bytes)
        } catch {
            throw HTTPFailure(.badRequest, error.code, error.message)
        }
    }

    // MARK: Failures

    private var failures: FailureMiddleware<RouterContext>.Format {
        FailureMiddleware.Format(
            body: JSONBody.bytes(of:), failure: Self.failure,
            onFailure: { [metrics = service.metrics, logger] failure, error in
                metrics.refused(failure.code)
                guard !(error is HTTPFailure), failure.status.code >= 500 else { return }
                logger.error("request failed", metadata: ["error": "\(error)"])
            }, closing: [.contentTooLarge, .requestTimeout])
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
