import AsyncHTTPClient
import Corpora
import Foundation
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import Routing
public import Scoring
import Synchronization

/// Runs `statezero route serve`: an OpenAI-compatible server that decides, forwards and learns from outcomes.
public final class RouteServer: Sendable {
    /// Where and how it serves.
    public struct Configuration: Sendable {
        /// The fleet; every model needs an endpoint.
        public var fleet: Fleet
        /// By model: the rows that files hold; see `FleetHistories`.
        public var histories: [[ContextSet.Row]]
        /// Address to listen at.
        public var host = "127.0.0.1"
        /// Port to listen at; 0 takes a free one.
        public var port = 6060
        /// Folder of the outcomes and the decision log; made if it is not there.
        public var stateFolder: String
        /// Decide and log, but send everything to the default.
        public var isObserving = false
        /// What clients must send as `Authorization: Bearer`; `nil` lets everybody in.
        public var key: String?
        /// An address that other machines reach may be listened at, although traffic is in plain text.
        public var allowsPlaintext = false
        /// Values of the variables that the fleet file names.
        public var environment: [String: String] = [:]
        /// Bytes of a request.
        public var bodyBytesMax = 4 << 20
        /// Requests served at a time; more are refused.
        public var requestsMax = 512
        /// For `/metrics`.
        public var version = ""

        /// A server for a fleet.
        public init(fleet: Fleet, histories: [[ContextSet.Row]], stateFolder: String) {
            self.fleet = fleet
            self.histories = histories
            self.stateFolder = stateFolder
        }
    }

    private let configuration: Configuration
    private let service: RouteService
    private let client: HTTPClient
    private let logger: Logger

    /// Checks the configuration, loads the value model and prepares every history; listens only in `run`.
    /// Throws what `RouterHTTPError` tells.
    public init(
        _ configuration: Configuration, logger: Logger, makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(RouterHTTPError) {
        let fleet = configuration.fleet
        try Self.check(configuration)
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.stateFolder, withIntermediateDirectories: true)
        } catch {
            throw .state(path: configuration.stateFolder, reason: "cannot be made: \(error.localizedDescription)")
        }
        let store = try OutcomeStore(path: configuration.stateFolder + "/outcomes.sqlite")
        let log = try DecisionLog(path: configuration.stateFolder + "/decisions.jsonl")
        var histories: [[ContextSet.Row]] = []
        for (model, rows) in zip(fleet.models, configuration.histories) {
            histories.append(rows + (try store.newest(of: model.name, limit: fleet.historyRows)))
        }
        let thread = try DecisionThread(fleet: fleet, histories: histories, makeModel: makeModel)
        var settings = HTTPClient.Configuration()
        settings.timeout.connect = .seconds(5)
        // Between two pieces of an answer; a model that thinks longer than this before its first one says so in its
        // endpoint's timeout, which counts there.
        settings.timeout.read = .seconds(600)
        // A refused connection is known at once; trying again is the next model's turn.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        var options = RouteService.Options()
        options.isObserving = configuration.isObserving
        options.bodyBytesMax = configuration.bodyBytesMax
        options.requestsMax = configuration.requestsMax
        options.version = configuration.version
        self.configuration = configuration
        self.logger = logger
        self.client = client
        service = RouteService(
            fleet: fleet, options: options, thread: thread, fileRows: configuration.histories, store: store, log: log,
            forwarder: Forwarder(client: client, keys: configuration.environment), logger: logger)
    }

    private static func check(_ configuration: Configuration) throws(RouterHTTPError) {
        let bare = configuration.fleet.models.filter { $0.endpoint == nil }.map(\.name)
        guard bare.isEmpty else { throw .noEndpoint(models: bare) }
        for model in configuration.fleet.models {
            guard let variable = model.endpoint?.keyVariable else { continue }
            guard configuration.environment[variable]?.isEmpty == false else {
                throw .noKey(variable: variable, model: model.name)
            }
        }
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(configuration.host)
        guard isLocal || configuration.allowsPlaintext else { throw .publicAddress(configuration.host) }
    }

    /// Serves until SIGTERM or SIGINT, or until the task is cancelled; requests under way are finished first.
    /// `onListening` is told the port.
    public func run(onListening: @escaping @Sendable (Int) -> Void) async throws(RouterHTTPError) {
        let application = Application(
            router: router(),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "statezero"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: logger)
        var failure: RouterHTTPError?
        do {
            try await application.runService()
        } catch {
            failure = .server("\(error)")
        }
        service.thread.stop()
        try? await client.shutdown()
        if let failure { throw failure }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        let service = service
        router.get("livez") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in "ok\n" }
        router.get("metrics") { _, _ in
            let text = service.counters.text(
                fleet: service.fleet, historyRows: service.thread.historyRows,
                upstreamUnderWay: service.endpoints.withLock { $0.underWay }, logLost: service.log.lost,
                model: service.thread.fingerprint.digest.short, version: service.options.version)
            return Response(
                status: .ok, headers: [.contentType: PrometheusText.contentType],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        router.get("v1/models") { [self] request, _ in
            await answer(request, needsBody: false) { _, _ in JSONBody.response(ModelList(service.fleet)) }
        }
        router.post("v1/chat/completions") { [self] request, _ in
            await answer(request) { body, ticket in
                try await service.complete(try Self.parse(body), ticket: ticket)
            }
        }
        router.post("v1/route") { [self] request, _ in
            await answer(request) { body, _ in try await service.route(try Self.parse(body)) }
        }
        router.post("v1/outcomes") { [self] request, _ in
            await answer(request) { body, _ in JSONBody.response(try await service.record(body)) }
        }
        return router
    }

    /// What every request goes through: its key, its place, its body, and its failures as JSON.
    private func answer(
        _ request: Request, needsBody: Bool = true,
        _ body: (ByteBuffer, ScopeGuard) async throws -> Response
    ) async -> Response {
        let service = service
        do {
            if let key = configuration.key, request.headers[.authorization] != "Bearer \(key)" {
                throw HTTPFailure(.unauthorized, "invalid_api_key", "send the router's key as Authorization: Bearer")
            }
            guard service.counters.enter(most: service.options.requestsMax) else {
                throw HTTPFailure(
                    .tooManyRequests, "overloaded", "\(service.options.requestsMax) requests are being served",
                    retryAfter: 1)
            }
            let ticket = ScopeGuard { service.counters.leave() }
            var bytes = ByteBuffer()
            if needsBody {
                do {
                    bytes = try await request.body.collect(upTo: service.options.bodyBytesMax)
                } catch {
                    throw HTTPFailure(
                        .contentTooLarge, "body_too_large",
                        "a request has at most \(service.options.bodyBytesMax) bytes, or it ended early")
                }
            }
            return try await body(bytes, ticket)
        } catch let failure as HTTPFailure {
            service.counters.refused(failure.code)
            return failure.response
        } catch {
            let failure = Self.failure(error)
            service.counters.refused(failure.code)
            if failure.status.code >= 500 { logger.error("request failed", metadata: ["error": "\(error)"]) }
            return failure.response
        }
    }

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

    private static func parse(_ body: ByteBuffer) throws -> ChatRequest {
        do {
            return try ChatRequest(Array(body.readableBytesView))
        } catch {
            throw HTTPFailure(.badRequest, error.code, error.message)
        }
    }
}

/// `/v1/models`, as OpenAI's clients read it.
private struct ModelList: Encodable {
    struct Entry: Encodable {
        let id: String
        let object = "model"
        let created = 0
        let owned_by: String
    }
    let object = "list"
    let data: [Entry]

    init(_ fleet: Fleet) {
        data =
            [Entry(id: RouteService.ownName, owned_by: "statezero")]
            + fleet.models.map { Entry(id: $0.name, owned_by: "fleet") }
    }
}

extension RouteService {
    /// The decision only. An overloaded value model is an error here: whoever asks wants to know, not a default.
    func route(_ request: ChatRequest) async throws -> Response {
        var rule = fleet.rule
        if let name = request.model {
            guard case .rule(let wanted)? = wish(name) else { throw unknownModel(name) }
            rule = wanted
        }
        if let target = request.target { rule = .target(target) }
        if let beta = request.beta { rule = .weighted(beta) }
        let decided = try await decide(request, rule: rule, isNeeded: true)
        let row = stamped(decided.row)
        log.append(row)
        if let text = decided.text, let model = row.model {
            recent.keep(row.decisionID, RecentDecisions.Entry(model: model, text: text))
        }
        if decided.decision.reason == .promptTooLong { throw tooLong(decided) }
        if decided.decision.reason == .noneAvailable {
            throw HTTPFailure(
                .serviceUnavailable, "none_available", "every model is cooling down or at its limit",
                retryAfter: endpoints.withLock { $0.retryAfter(now: .now) })
        }
        return JSONBody.response(row, headers: headers(row, sentTo: decided.decision.model))
    }
}
