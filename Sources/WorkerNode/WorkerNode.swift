import Cluster
import Foundation
public import Logging
public import Scoring
public import FeatureStore
import Synchronization
import Threads
import Wire
public import ZeroMQ

/// Runs the worker's machine: a DEALER on one thread, inference on another.
public final class WorkerNode: Sendable {
    /// Where it belongs and what it takes.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Stable over restarts: the coordinator prefers the worker that has seen a prompt before.
        public var name: String
        /// Rows in hand at a time, sixteen shards of the usual size; a slow worker has two in hand, whatever their rows.
        public var creditRows = 4096
        /// Estimated tokens in hand at a time, sixteen shards of the usual size.
        public var creditTokens = 262_144
        /// The feature store on disk; without one, features are kept in memory alone.
        public var store: StorePlace?
        /// Features kept in memory: those that no store takes.
        public var cacheBytes = 256 << 20
        /// Without a word from a coordinator for this long, the worker leaves.
        public var abandonTime: Duration = .seconds(600)

        /// A worker for a coordinator.
        public init(coordinator: Endpoint, name: String) {
            self.coordinator = coordinator
            self.name = name
        }
    }

    /// Where a feature store is, and how large it may become.
    public struct StorePlace: Sendable, Equatable {
        /// Its folder.
        public var folder: StoreFolder
        /// Bytes at most; `nil` takes a store as it is, or makes one of the usual size.
        public var bytesMax: Int?

        /// Names a place.
        public init(folder: StoreFolder, bytesMax: Int? = nil) {
            self.folder = folder
            self.bytesMax = bytesMax
        }
    }

    private let thread: DedicatedThread<Void, WorkerError>
    private let requests: Mailbox<WorkerState.Event>

    /// What the worker predicts with.
    public let fingerprint: ModelFingerprint

    /// Loads the model and starts; returns when the worker is on its way to the coordinator.
    /// `makeModel` is called on the inference thread, to which the model then belongs.
    public init(
        _ configuration: Configuration, logger: Logger, makeModel: @escaping @Sendable () throws -> any ValueModel
    ) throws(WorkerError) {
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        // Progress comes once every few prompts and is drained at every turn; results come one at a time.
        let events = Mailbox<WorkerState.Event>(capacity: 65_536, wakeup: wakeup)
        let inference = try InferenceThread(configuration, events: events, logger: logger, makeModel: makeModel)
        fingerprint = inference.fingerprint
        requests = events
        thread = try DedicatedThread.start(name: "worker") { announce throws(WorkerError) in
            var loop = try WorkerLoop(
                configuration, inference: inference, events: events, wakeup: wakeup, logger: logger)
            announce(())
            try loop.run()
        }
    }

    /// Asks the worker to finish what it has and leave.
    public func drain() {
        _ = requests.send(.drainRequested)
    }

    /// Waits until it has left. Throws why, when it was not asked to.
    public func wait() throws(WorkerError) {
        try thread.join()
    }
}

/// The worker's turn: poll, receive, decide, send, compute elsewhere.
struct WorkerLoop: ~Copyable {
    private let socket: Socket
    private let poller: Poller
    private let events: Mailbox<WorkerState.Event>
    private let inference: InferenceThread
    private var state: WorkerState
    private let endpoint: Endpoint
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let logger: Logger
    /// What libzmq had no room for yet, in order; bounded by what is in hand.
    private var outbox: [Envelope] = []
    private var ending: Result<Void, WorkerError>?

    init(
        _ configuration: WorkerNode.Configuration, inference: InferenceThread, events: Mailbox<WorkerState.Event>,
        wakeup: Wakeup, logger: Logger
    ) throws(WorkerError) {
        do {
            socket = try Self.connect(to: configuration.coordinator)
        } catch {
            throw .socket(error)
        }
        endpoint = configuration.coordinator
        poller = Poller(wakeup: wakeup)
        self.events = events
        self.inference = inference
        self.logger = logger
        start = clock.now
        var machine = WorkerState.Configuration(
            name: configuration.name, fingerprint: inference.fingerprint,
            credit: Credit(rows: configuration.creditRows, tokens: configuration.creditTokens))
        machine.peer.abandonTime = configuration.abandonTime
        state = WorkerState(machine, seed: UInt64.random(in: .min ... .max))
    }

    private static func connect(to endpoint: Endpoint) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax
        let socket = try Socket(.dealer, in: try Context(), options: options)
        try socket.connect(endpoint)
        return socket
    }

    private var now: Cluster.Instant { Cluster.Instant(clock.now - start) }

    mutating func run() throws(WorkerError) {
        logger.info(
            "worker started", metadata: ["coordinator": "\(endpoint)", "model": "\(inference.fingerprint)"])
        do {
            try carryOut(state.handle(.started, at: now))
            while ending == nil {
                let wait = max(.zero, min(state.nextDeadline - now, .milliseconds(500)))
                _ = try poller.wait(socket, timeout: wait)
                try turn()
            }
        } catch {
            _ = inference.send(.stop)
            throw .socket(error)
        }
        _ = inference.send(.stop)
        try inference.join()
        try ending?.get()
    }

    private mutating func turn() throws(ZeroMQError) {
        for event in events.drain() { try carryOut(state.handle(event, at: now)) }
        receiving: while true {
            switch try socket.receive() {
            case .nothing: break receiving
            case .refused(_, let frames, let bytes):
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                do {
                    let envelope = try Envelope(rawFrames: message.frames.map(RawFrame.init))
                    try carryOut(state.handle(.received(envelope), at: now))
                } catch let error as WireError {
                    logger.warning("message refused", metadata: ["reason": "\(error)"])
                } catch let error as ZeroMQError {
                    throw error
                } catch {
                    preconditionFailure("decoding and sending throw wire and socket errors only, not \(error)")
                }
            }
        }
        if state.nextDeadline <= now { try carryOut(state.handle(.tick, at: now)) }
        try flush()
    }

    private mutating func carryOut(_ actions: [WorkerState.Action]) throws(ZeroMQError) {
        for action in actions {
            switch action {
            case .send(let envelope): outbox.append(envelope)
            case .prepare(let block): _ = inference.send(.prepare(block))
            case .forget(let digest): _ = inference.send(.forget(digest))
            case .score(let piece, let context, let texts):
                _ = inference.send(.score(piece, context: context, texts))
            case .exit(let exit): leave(exit)
            }
        }
        try flush()
    }

    /// Sends what waits. Without a connection only the latest words matter: what is older is said again when asked.
    private mutating func flush() throws(ZeroMQError) {
        var sent = 0
        for envelope in outbox {
            guard try socket.send(ZeroMQ.Message(envelope.rawFrames.map(Frame.init))) == .sent else { break }
            sent += 1
        }
        outbox.removeFirst(sent)
        if outbox.count > Self.outboxMax { outbox.removeFirst(outbox.count - Self.outboxMax) }
    }

    private static let outboxMax = 64

    private mutating func leave(_ exit: WorkerState.Exit) {
        switch exit {
        case .drained:
            let counts = inference.counts
            logger.info(
                "worker drained",
                metadata: ["texts embedded": "\(counts.embedded)", "texts kept": "\(counts.kept)"])
            ending = .success(())
        case .refused(_, let message): ending = .failure(.refused(message))
        case .abandoned(let time): ending = .failure(.abandoned(after: time, endpoint: endpoint))
        }
    }
}
