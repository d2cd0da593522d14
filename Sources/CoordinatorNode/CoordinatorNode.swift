public import Cluster
import Foundation
public import Logging
import Scoring
import Threads
public import Wire
public import ZeroMQ

/// Runs the coordinator's machine: a ROUTER socket, the journal, the clock and the log.
///
/// One thread: poll, receive what is there, decide, make the journal durable, send. Entries of one turn are committed
/// together, so that a busy coordinator pays for one transaction a turn, not one a shard.
public final class CoordinatorNode: Sendable {
    /// Where it listens and what it keeps.
    public struct Configuration: Sendable {
        /// Where to listen, one or more; port 0 lets the system choose one.
        public var endpoints: [Endpoint]
        /// `nil`: nothing survives the process.
        public var journalPath: String?
        /// Windows, limits and times of the state machine.
        public var state = CoordinatorState.Configuration()
        /// Bounds and times of the planner.
        public var planner = PlannerState.Configuration()
        /// Whether addresses that other machines can reach may be bound, although traffic is in plain text.
        public var allowsPlaintext = false
        /// How often a line of counts is logged.
        public var reportInterval: Duration = .seconds(10)

        /// Listens at endpoints.
        public init(endpoints: [Endpoint], journalPath: String? = nil) {
            self.endpoints = endpoints
            self.journalPath = journalPath
        }
    }

    private let thread: DedicatedThread<[Endpoint], CoordinatorError>
    private let wakeup: Wakeup
    private let isStopping: StopFlag
    private let local: LocalPeers

    /// Where it listens, with the ports the system has chosen.
    public var endpoints: [Endpoint] { thread.announcement }

    /// Starts; returns when the sockets are bound and the journal is replayed.
    public init(_ configuration: Configuration, logger: Logger) throws(CoordinatorError) {
        if !configuration.allowsPlaintext, let open = configuration.endpoints.first(where: { !$0.isLocal }) {
            throw .publicWithoutEncryption(open)
        }
        let stop = StopFlag()
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        let local = LocalPeers()
        self.wakeup = wakeup
        isStopping = stop
        self.local = local
        thread = try DedicatedThread.start(name: "coordinator") { announce throws(CoordinatorError) in
            var loop = try CoordinatorLoop(configuration, local: local, wakeup: wakeup, logger: logger)
            announce(loop.endpoints)
            try loop.run(until: stop)
        }
    }

    /// Says something to the planner as a trainer of its own, in this process, and hears what comes back, in order.
    ///
    /// The stream ends when the coordinator stops; whoever stops listening has left. Where too much waits already, or
    /// the coordinator has stopped, it is empty.
    public func ask(_ message: Wire.Message) -> AsyncStream<Wire.Message> {
        let wakeup = wakeup
        return local.ask(message) { wakeup.signal() } ?? AsyncStream { $0.finish() }
    }

    /// How the coordinator is doing; `nil` when it has stopped. Waits for its thread's next turn.
    public func report() async -> CoordinatorReport? {
        let wakeup = wakeup
        return await local.report { wakeup.signal() }
    }

    /// Asks the coordinator to stop; what it holds is in the journal.
    public func stop() {
        isStopping.raise()
        wakeup.signal()
    }

    /// Waits until it has stopped. Throws what ended it, if it was not asked to.
    public func wait() throws(CoordinatorError) {
        try thread.join()
    }
}
