import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import ServiceLifecycle

/// Serves the coordinator over HTTP: plans, outcomes, scores, health, metrics. `proto/openapi.yaml` says what and how.
public final class CoordinatorHTTPServer: Sendable {
    /// Where it listens.
    public struct Configuration: Sendable {
        /// Port 0 lets the system choose one.
        public var address: HTTPAddress
        /// Whether an address that other machines can reach may be bound, although traffic is in plain text.
        public var allowsPlaintext = false
        /// The program's version, for those who look.
        public var version = ""
        /// How long things may take.
        public var patience = Timeouts()
        /// Plans, outcomes and scores under way at a time; what is beyond is told to come again.
        public var requestsMax = 256

        /// Listens at an address.
        public init(address: HTTPAddress) {
            self.address = address
        }
    }

    /// Connections at a time; more wait in the system's queue.
    private static let connectionsMax = 1024

    /// Where it listens, with the port the system has chosen.
    public let address: HTTPAddress
    private let services: ServiceGroup
    private let running: Task<Void, any Error>

    /// `http://HOST:PORT`.
    public var url: String { "http://\(address)" }

    private init(address: HTTPAddress, services: ServiceGroup, running: Task<Void, any Error>) {
        self.address = address
        self.services = services
        self.running = running
    }

    /// Starts; returns when it listens. Throws `publicWithoutEncryption`, `cannotBind`.
    public static func start(
        _ configuration: Configuration, door: CoordinatorClient, logger: Logger
    ) async throws(CoordinatorHTTPError) -> CoordinatorHTTPServer {
        guard configuration.allowsPlaintext || configuration.address.isLocal else {
            throw .publicWithoutEncryption(configuration.address)
        }
        let (ports, announce) = AsyncStream<Result<Int, CoordinatorHTTPError>>.makeStream()
        let reception = RequestResponder(
            desk: PlanHandlers(door: door, version: configuration.version, patience: configuration.patience),
            admission: ConcurrencyLimiter(requestsMax: configuration.requestsMax), metrics: HTTPMetrics(), logger: logger)
        let application = Application(
            responder: reception, server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: .init(
                address: .hostname(configuration.address.host, port: configuration.address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionsMax, logger: logger)),
            onServerRunning: { channel in announce.yield(.success(channel.localAddress?.port ?? 0)) },
            logger: logger)
        var group = ServiceGroupConfiguration(services: [application], logger: logger)
        // Cancelled after that. No bound on cancellation: the library keeps it by ending the whole process.
        group.maximumGracefulShutdownDuration = configuration.patience.stop
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
                address: HTTPAddress(host: configuration.address.host, port: port), services: services,
                running: running)
        case .failure(let error): throw error
        case nil: throw .cannotBind(configuration.address, reason: "the server ended before it began")
        }
    }

    /// Takes no more connections, ends what is under way within the stop time, and returns when all is gone.
    public func stop() async {
        await services.triggerGracefulShutdown()
        // Whatever ended it, it has ended, and that was asked for.
        _ = await running.result
    }
}
