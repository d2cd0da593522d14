import JSON
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Scoring

/// Takes a request in: finds its route, keeps the limits, has it answered, makes errors JSON, and counts.
struct RequestResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let desk: PlanHandlers
    let admission: ConcurrencyLimiter
    let metrics: HTTPMetrics
    let logger: Logger

    func respond(to request: Request, context: Context) async throws -> Response {
        let begin = ContinuousClock.now
        let found = Route.named(request.uri.path)
        let label = HTTPMetrics.Label(route: found?.0)
        metrics.begin()
        do {
            let (response, isStream) = try await answer(request, found)
            let code = response.status.code
            guard isStream else {
                metrics.end(label, code: code, after: ContinuousClock.now - begin)
                return response
            }
            // A streamed answer has ended when its last line has left.
            let (body, metrics) = (response.body, metrics)
            return Response(
                status: response.status, headers: response.headers,
                body: ResponseBody { writer in
                    defer { metrics.end(label, code: code, after: ContinuousClock.now - begin) }
                    try await body.write(writer)
                })
        } catch let error as APIError {
            metrics.end(label, code: error.status.code, after: ContinuousClock.now - begin)
            logger.debug(
                "request refused", metadata: ["route": "\(label.route)", "code": "\(error.code.rawValue)"])
            return Self.response(to: error)
        } catch {
            // The connection's end; nobody reads what is answered.
            metrics.end(label, code: 499, after: ContinuousClock.now - begin)
            throw error
        }
    }

    private func answer(
        _ request: Request, _ found: (Route, [String])?
    ) async throws -> (Response, isStream: Bool) {
        guard let (route, texts) = found else {
            throw APIError(
                status: .notFound, code: .notFound,
                message: "there is nothing at this path; what there is stands in proto/openapi.yaml")
        }
        guard request.method == route.method else {
            throw APIError(
                status: .methodNotAllowed, code: .methodNotAllowed,
                message: "\(route.rawValue) takes \(route.method.rawValue) only", allow: route.method.rawValue)
        }
        guard route.isWork else { return (try await look(route), false) }
        let place = try admission.enter(bytes: try BodyReader.declaredBytes(of: request))
        defer { place.leave() }
        if route == .plan {
            let numbers = try Route.numbers(
                request.uri.query, ["groups_after": PlanLimits.counts, "wait_ms": Timeouts.planWaitMilliseconds])
            return (try await desk.plan(texts, numbers), false)
        }
        if let query = request.uri.query, !query.isEmpty { _ = try Route.numbers(query, [:]) }
        let json = try await BodyReader.json(of: request, within: desk.patience.body)
        switch route {
        case .plans:
            let isStream = (request.headers[.accept] ?? "").contains("application/x-ndjson")
            return isStream
                ? (try await desk.streamPlan(json), true) : (try await desk.makePlan(json), false)
        case .outcomes: return (try await desk.recordOutcomes(json), false)
        default: return (try await desk.score(json), false)
        }
    }

    private func look(_ route: Route) async throws -> Response {
        switch route {
        case .livez: try await desk.isLive()
        case .readyz: try await desk.isReady()
        case .status: try await desk.status()
        default: try await desk.metrics(of: metrics)
        }
    }

    /// An error as JSON, with what its status asks for.
    static func response(to error: APIError) -> Response {
        var response = json(status: error.status, JSONWriter.object { error.write(to: &$0) })
        if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
        if let allow = error.allow { response.headers[.allow] = allow }
        // What is left of a body that is not read would be taken for the next request.
        if [.contentTooLarge, .requestTimeout, .tooManyRequests, .unsupportedMediaType].contains(error.status) {
            response.headers[.connection] = "close"
        }
        return response
    }

    /// JSON with a line's end, for those who look at it in a terminal.
    static func json(status: HTTPResponse.Status = .ok, _ bytes: [UInt8]) -> Response {
        var buffer = ByteBuffer(bytes: bytes)
        buffer.writeInteger(UInt8(ascii: "\n"))
        return Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: buffer))
    }
}
