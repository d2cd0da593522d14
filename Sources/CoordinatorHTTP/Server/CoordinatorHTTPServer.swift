public import HTTPServing
import Hummingbird
import HummingbirdCore
public import Keys
public import Logging
import NIOCore
import ServiceLifecycle
package import Traces

/// Serves the coordinator over HTTP: plans, outcomes, scores, health, metrics. `proto/openapi.yaml` describes it.
public final class CoordinatorHTTPServer: Sendable {
    /// Where it listens.
    public struct Configuration: Sendable {
        /// Port 0 lets the system choose one.
        public var address: HTTPAddress
        /// Whether an address that other machines can reach may be bound, although traffic is in plain text.
        public var allowsPlaintext = false
        /// The program's version, for `/v1/status` and `/metrics`.
        public var version = ""
        /// How long things may take.
        public var timeouts = Timeouts()
        /// Requests for plans, outcomes and scores in progress at a time; one beyond is refused with 429.
        public var requestsMax = 256
        /// Readers of `/v1/events` at a time, such as open pages; one more is refused with 429.
        public var readersMax = 512
        /// Connections, and how long they may do nothing.
        public var connections = ConnectionLimits()
        /// Origins of web pages of other sites that may use the server (CORS), such as `https://example.org`; none by
        /// default.
        public var origins: [String] = []
        /// Further names of this machine, for a server at a local address; see `SiteRules`.
        public var hostNames: [String] = []
        /// Tokens that requests must have, except those for the page, `/livez` and `/readyz`; `nil` answers everybody.
        public var tokens: LiveTokens?
        /// For TLS; `nil` serves in plain text.
        public var certificates: ServerCertificates?
        /// Starts spans of requests; `nil` traces nothing.
        package var tracer: Tracer?

        /// Listens at an address.
        public init(address: HTTPAddress) {
            self.address = address
        }
    }

    /// How many events a reader of `/v1/events` may ask for.
    public static let eventCounts = 1...1_000_000

    /// Where it listens, with the port that the system chose.
    public let address: HTTPAddress
    private let services: ServiceGroup
    private let running: Task<Void, any Error>

    /// `http://HOST:PORT`, or `https://HOST:PORT`.
    public var url: String { "\(isEncrypted ? "https" : "http")://\(address)" }
    private let isEncrypted: Bool

    private init(address: HTTPAddress, isEncrypted: Bool, services: ServiceGroup, running: Task<Void, any Error>) {
        self.address = address
        self.isEncrypted = isEncrypted
        self.services = services
        self.running = running
    }

    /// Starts; returns when it listens. Throws `publicWithoutEncryption`, `cannotBind`.
    public static func start(
        _ configuration: Configuration, coordinator: CoordinatorClient, logger: Logger
    ) async throws(HTTPServingError) -> CoordinatorHTTPServer {
        let isEncrypted = configuration.certificates != nil
        try configuration.address.check(
            allowsPlaintext: configuration.allowsPlaintext || (isEncrypted && configuration.tokens != nil))
        let (ports, announce) = AsyncStream<Result<Int, HTTPServingError>>.makeStream()
        let connections = HTTPConnections(
            configuration.connections, certificates: configuration.certificates, logger: logger,
            body: CoordinatorRoutes.body)
        let routes = routes(configuration, coordinator, logger)
        let application = Application(
            router: routes.router(), server: connections.server(),
            configuration: .init(address: .hostname(configuration.address.host, port: configuration.address.port)),
            onServerRunning: { channel in
                await connections.listening(channel)
                announce.yield(.success(channel.localAddress?.port ?? 0))
            },
            logger: logger)
        var group = ServiceGroupConfiguration(services: [application, routes.page.feed], logger: logger)
        // After that, requests are cancelled. Cancellation has no bound: the library would keep it by ending the
        // process.
        group.maximumGracefulShutdownDuration = configuration.timeouts.stop
        let services = ServiceGroup(configuration: group)
        let running = Task(executorPreference: RequestThreads.shared) {
            do {
                try await services.run()
            } catch {
                announce.yield(.failure(.cannotBind(configuration.address, reason: "\(error)")))
                throw error
            }
        }
        var iterator = ports.makeAsyncIterator()
        switch await iterator.next() {
        case .success(let port):
            logger.info("http started", metadata: ["host": "\(configuration.address.host)", "port": "\(port)"])
            return CoordinatorHTTPServer(
                address: HTTPAddress(host: configuration.address.host, port: port), isEncrypted: isEncrypted,
                services: services, running: running)
        case .failure(let error): throw error
        case nil: throw .cannotBind(configuration.address, reason: "the server ended before it listened")
        }
    }

    private static func routes(
        _ configuration: Configuration, _ coordinator: CoordinatorClient, _ logger: Logger
    ) -> CoordinatorRoutes {
        let timeouts = configuration.timeouts
        return CoordinatorRoutes(
            health: HealthHandlers(coordinator: coordinator, version: configuration.version, timeouts: timeouts),
            plans: PlanHandlers(coordinator: coordinator, timeouts: timeouts),
            outcomes: OutcomeHandlers(coordinator: coordinator, timeouts: timeouts),
            scores: ScoreHandlers(coordinator: coordinator, timeouts: timeouts),
            operators: OperatorHandlers(coordinator: coordinator, timeouts: timeouts),
            page: PageHandlers(
                coordinator, version: configuration.version, readersMax: configuration.readersMax, timeouts: timeouts),
            policies: PolicyHandlers(coordinator: coordinator),
            body: RequestBody(within: timeouts.body),
            limiter: ConcurrencyLimiter(
                requestsMax: configuration.requestsMax, bytesMax: CoordinatorRoutes.bodyBytesMax),
            metrics: CoordinatorMetrics(version: configuration.version, spans: SpanMetrics(configuration.tracer)),
            site: SiteRules(
                address: configuration.address, origins: configuration.origins, hostNames: configuration.hostNames),
            tokens: configuration.tokens, audit: coordinator.audit, tracer: configuration.tracer, logger: logger)
    }

    /// Accepts no more connections, ends requests in progress within the stop time, and returns when all have ended.
    public func stop() async {
        await services.triggerGracefulShutdown()
        // Whatever its result: it has ended, as asked.
        _ = await running.result
    }
}
