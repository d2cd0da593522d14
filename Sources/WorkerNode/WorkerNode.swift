import Cluster
package import Corpora
public import FeatureStore
public import Logging
public import Scoring
import Threads
package import Traces
import Transport
public import ZeroMQ

/// A worker: the worker's state machine on a channel to the coordinator, and inference on a thread beside it.
public final class WorkerNode: Sendable {
    /// Which coordinator the worker connects to, and how much work it accepts.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Stable over restarts: the coordinator prefers the worker that has seen a prompt before.
        public var name: String
        /// Rows that it holds at a time: sixteen shards of the usual size. A slow worker holds two shards, whatever
        /// their rows.
        public var creditRows = 4096
        /// Estimated tokens that it holds at a time: sixteen shards of the usual size.
        public var creditTokens = 262_144
        /// The feature store on disk; `nil` caches features in memory alone.
        public var store: StorePlace?
        /// Bytes of features cached in memory, where no store accepts them.
        public var cacheBytes = 256 << 20
        /// Where it reads rows for clients; by default nowhere.
        package var dataRoots = DataRoots.none
        /// Bytes on disk for copies of objects that it reads rows from.
        package var dataCopyBytes = 16 << 30
        /// Without a message from a coordinator for this long, the worker leaves.
        public var abandonTime: Duration = .seconds(600)
        /// Starts spans of pieces; `nil` traces nothing.
        package var tracer: Tracer?
        /// The worker's key, where the coordinator asks for one.
        public var security = SocketSecurity.none

        /// A worker for a coordinator.
        public init(coordinator: Endpoint, name: String) {
            self.coordinator = coordinator
            self.name = name
        }
    }

    private let thread: DedicatedThread<Void, WorkerError>
    private let events: Mailbox<WorkerState.Event>

    /// The fingerprint of the model that the worker predicts with.
    public let fingerprint: ModelFingerprint

    /// Loads the model and starts; returns when the worker has begun to connect to the coordinator.
    ///
    /// `makeModel` is called on the inference thread, which owns the model from then on.
    public init(
        _ configuration: Configuration, logger: Logger, makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(WorkerError) {
        let events: Mailbox<WorkerState.Event>
        do {
            // Progress is sent once every few prompts and drained every turn; results are sent one at a time.
            events = try Mailbox(capacity: 65_536)
        } catch {
            throw .thread(error)
        }
        let inference = try InferenceThread(configuration, events: events, logger: logger, makeModel: makeModel)
        fingerprint = inference.fingerprint
        self.events = events
        thread = try DedicatedThread.start(name: "worker") { announce throws(WorkerError) in
            var driver = WorkerDriver(configuration, inference: inference, events: events, logger: logger)
            do throws(ZeroMQError) {
                var options = Self.channelOptions
                options.security = configuration.security
                var channel = try MessageChannel(
                    connectingTo: configuration.coordinator, options: options, wakeup: events.wakeup)
                announce(())
                logger.info(
                    "worker started",
                    metadata: ["coordinator": "\(configuration.coordinator)", "model": "\(inference.fingerprint)"])
                try channel.run(&driver, logger: logger)
            } catch {
                _ = inference.send(.stop)
                throw .socket(error)
            }
            try driver.finish()
        }
    }

    /// Without a connection only the latest messages matter: older ones are sent again when the coordinator asks.
    private static let channelOptions = ChannelOptions(sendHighWater: 1000, receiveHighWater: 1000, outboxMax: 64)

    /// Asks the worker to finish the work that it holds and leave.
    public func drain() {
        _ = events.send(.drainRequested)
    }

    /// Waits until the worker has left. Throws the reason, unless it was asked to leave.
    public func wait() throws(WorkerError) {
        try thread.join()
    }
}
