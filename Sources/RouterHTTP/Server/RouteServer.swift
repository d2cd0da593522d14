import AsyncHTTPClient
import Foundation
public import HTTPServing
import Hummingbird
public import Keys
public import Logging
import NIOCore
public import Routing
public import Scoring
import ServiceLifecycle
package import Traces
import UnixSignals

/// Runs `statezero route serve`: an OpenAI-compatible server that decides, forwards and learns from outcomes.
public final class RouteServer: Sendable {
    /// Where and how it serves.
    public struct Configuration: Sendable {
        /// The fleet; every model needs an endpoint.
        public var fleet: Fleet
        /// By model: the rows that files hold; see `FleetHistories`.
        public var histories: [[ContextSet.Row]]
        /// Outcomes of the fleet's reference files; see `ReferenceFiles.load`.
        public var references = ReferenceFiles.none
        /// Address to listen at.
        public var host = "127.0.0.1"
        /// Port to listen at; with 0 the system chooses one.
        public var port = 6060
        /// Folder of the outcomes, the decision log and the spending; created if missing.
        public var stateFolder: String
        /// Decide and log, but send everything to the default.
        public var isObserving = false
        /// What clients must send as `Authorization: Bearer`; `nil` lets everybody ask.
        public var key: String?
        /// Tokens that clients may send instead; where they are given, a request needs one of them or a key.
        public var tokens: LiveTokens?
        /// For TLS; `nil` serves in plain text.
        public var certificates: ServerCertificates?
        /// Whether to listen at an address that other machines can reach, although traffic is in plain text.
        public var allowsPlaintext = false
        /// Values of the variables that the fleet file names.
        public var environment: [String: String] = [:]
        /// Bytes of a request.
        public var bodyBytesMax = 4 << 20
        /// Requests served at a time; one more is refused.
        public var requestsMax = 512
        /// Connections, and how long they may do nothing.
        public var connections = ConnectionLimits()
        /// Bytes of the bodies of all requests being served.
        public var bodiesBytesMax = 512 << 20
        /// Origins of web pages of other sites that may use the server (CORS), such as `https://example.org`; none by
        /// default.
        public var origins: [String] = []
        /// Further names of this machine, for a server at a local address; see `SiteRules`.
        public var hostNames: [String] = []
        /// Time for requests in flight after SIGTERM; then they are cancelled.
        public var stopTime: Duration = .seconds(30)
        /// For `/metrics`.
        public var version = ""
        /// Starts spans of requests; `nil` traces nothing.
        package var tracer: Tracer?

        /// A server for a fleet.
        public init(fleet: Fleet, histories: [[ContextSet.Row]], stateFolder: String) {
            self.fleet = fleet
            self.histories = histories
            self.stateFolder = stateFolder
            connections.connectionsMax = 2048
        }
    }

    private let configuration: Configuration
    private let service: RouteService
    private let client: HTTPClient
    private let keys: ClientKeys
    private let logger: Logger

    /// Checks the configuration, loads the value model and prepares every history; listens only in `run`.
    /// Throws any `RouterHTTPError` of its configuration, files and model.
    public init(
        _ configuration: Configuration, logger: Logger, makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(RouterHTTPError) {
        let fleet = configuration.fleet
        try Self.check(configuration)
        keys = try ClientKeys(
            configuration.key, fleet: fleet, environment: configuration.environment, tokens: configuration.tokens)
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.stateFolder, withIntermediateDirectories: true)
        } catch {
            throw .state(path: configuration.stateFolder, reason: "cannot be created: \(error.localizedDescription)")
        }
        let store = try OutcomeStore(path: configuration.stateFolder + "/outcomes.sqlite")
        let log = try DecisionLog(path: configuration.stateFolder + "/decisions.jsonl")
        var histories: [[ContextSet.Row]] = []
        for (model, rows) in zip(fleet.models, configuration.histories) {
            histories.append(rows + (try store.newest(of: model.name, limit: fleet.historyRows)))
        }
        let thread = try DecisionThread(
            fleet: fleet, histories: histories, references: configuration.references, makeModel: makeModel)
        let spending = try Spending(fleet, path: configuration.stateFolder + "/spend.sqlite", logger: logger)
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: Self.settings(configuration.requestsMax))
        var options = RouteService.Options()
        options.isObserving = configuration.isObserving
        self.configuration = configuration
        self.logger = logger
        self.client = client
        service = RouteService(
            fleet: fleet, options: options, thread: thread, fileRows: configuration.histories, store: store, log: log,
            spending: spending, forwarder: Forwarder(client: client, keys: configuration.environment),
            spans: SpanMetrics(configuration.tracer), logger: logger)
    }

    /// Time for a request's body after its headers.
    private static let bodyTime = Duration.seconds(30)

    private static func settings(_ requestsMax: Int) -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration()
        settings.timeout.connect = .seconds(5)
        // The time limits of endpoints are kept elsewhere (`UpstreamAnswer`); they are shorter.
        settings.timeout.read = nil
        // A POST that follows a redirect becomes a GET; its page is no answer.
        settings.redirectConfiguration = .disallow
        // A refused connection fails at once; the next model is tried instead of the same one again.
        settings.connectionPool.retryConnectionEstablishment = false
        // No request waits for another one's connection.
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = requestsMax
        return settings
    }

    private static func check(_ configuration: Configuration) throws(RouterHTTPError) {
        let bare = configuration.fleet.models.filter { $0.endpoint == nil }.map(\.name)
        guard bare.isEmpty else { throw .noEndpoint(models: bare) }
        for model in configuration.fleet.models {
            guard let variable = model.endpoint?.keyVariable else { continue }
            guard configuration.environment[variable]?.isEmpty == false else {
                throw .noKey(variable: variable, owner: model.name)
            }
        }
        do throws(HTTPServingError) {
            try HTTPAddress(host: configuration.host, port: configuration.port)
                .check(
                    allowsPlaintext: configuration.allowsPlaintext
                        || (configuration.certificates != nil && configuration.tokens != nil))
        } catch {
            throw .address(error)
        }
    }

    /// Serves until SIGTERM or SIGINT, or until the task is cancelled, which stops it in the same way. Requests in flight may finish within the stop time;
    /// then they are cancelled. `onListening` receives the port.
    public func run(onListening: @escaping @Sendable (Int) -> Void) async throws(RouterHTTPError) {
        let callers = CallerConnections()
        let connections = HTTPConnections(
            configuration.connections, certificates: configuration.certificates, logger: logger,
            body: JSONBody.bytes(of:))
        let routes = routes(callers)
        let application = Application(
            router: routes.router(),
            server: connections.server { [CallerConnectionHandler(callers)] },
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: "statezero"),
            onServerRunning: { channel in
                await connections.listening(channel)
                onListening(channel.localAddress?.port ?? 0)
            }, logger: logger)
        var group = ServiceGroupConfiguration(
            services: [application, routes.page.feed], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.stopTime
        var failure: RouterHTTPError?
        do {
            try await ServiceGroup(configuration: group).runUntilCancelled()
        } catch {
            failure = .server("\(error)")
        }
        service.thread.stop()
        try? await client.shutdown()
        if let failure { throw failure }
    }

    private func routes(_ connections: CallerConnections) -> RouterRoutes {
        let site = SiteRules(
            address: HTTPAddress(host: configuration.host, port: configuration.port),
            origins: configuration.origins, hostNames: configuration.hostNames)
        let limiter = ConcurrencyLimiter(
            requestsMax: configuration.requestsMax, bytesMax: configuration.bodiesBytesMax)
        let page = RouterPage(service, version: configuration.version) {
            RouterPage.Levels(inFlight: limiter.requests, connections: connections.count)
        }
        return RouterRoutes(
            service: service,
            limiter: limiter,
            body: BodyReader(bytesMax: configuration.bodyBytesMax, time: Self.bodyTime), keys: keys,
            connections: connections, page: page, site: site, version: configuration.version,
            tracer: configuration.tracer,
            logger: logger)
    }
}
