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
    /// What clients must send; `nil` lets everybody ask.
    let key: String?
    /// For `/metrics`.
    let version: String
    let logger: Logger

    /// A router with all of it.
    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("livez") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in "ok\n" }
        router.get("metrics") { _, _ in metrics() }
        let refusal = HTTPFailure(
            .tooManyRequests, "overloaded", "\(limiter.requestsMax) requests are being served", retryAfter: 1)
        let work = router.group("v1")
            .add(middleware: FailureMiddleware(failures))
            .add(middleware: KeyMiddleware(key: key))
            .add(middleware: ConcurrencyMiddleware(limiter, refusal: refusal))
        work.get("models") { _, _ in JSONBody.response(ModelList(service.fleet)) }
        work.post("chat/completions") { request, _ in try await service.complete(try await chat(request)) }
        work.post("route") { request, _ in try await service.route(try await chat(request)) }
        work.post("outcomes") { request, _ in
            JSONBody.response(try await service.record(try await bytes(of: request)))
        }
        return router
    }

    private func metrics() -> Response {
        let levels = RouteMetrics.Levels(
            version: version, model: service.thread.fingerprint.digest.short, fleet: service.fleet.models.map(\.name),
            historyRows: service.thread.historyRows,
            upstreamInFlight: service.endpoints.withLock { $0.underWay }, inFlight: limiter.requests,
            logLinesLost: service.log.lost)
        return Response(
            status: .ok, headers: [.contentType: PrometheusExporter.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: service.metrics.text(levels))))
    }

    private func bytes(of request: Request) async throws -> [UInt8] {
        do {
            return try await body.bytes(of: request)
        } catch {
            throw HTTPFailure(
                .contentTooLarge, "body_too_large",
                "a request has at most \(body.bytesMax) bytes, or it ended early")
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

    private var failures: FailureMiddleware<BasicRequestContext>.Format {
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
        case RouterHTTPError.late, RouterHTTPError.stopped:
            HTTPFailure(.serviceUnavailable, "undecided", "\(error)", retryAfter: 1)
        case RouterHTTPError.state:
            HTTPFailure(
                .serviceUnavailable, "not_durable", "the outcomes could not be written; send them again", retryAfter: 5)
        default: HTTPFailure(.internalServerError, "failed", "\(error)")
        }
    }
}
