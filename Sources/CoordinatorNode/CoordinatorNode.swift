public import Cluster
import Foundation
public import Logging
import Scoring
import Synchronization
import Wire
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

    private let thread: SocketThread<[Endpoint], CoordinatorError>
    private let wakeup: Wakeup
    private let isStopping: Stop

    /// Where it listens, with the ports the system has chosen.
    public var endpoints: [Endpoint] { thread.announcement }

    /// Starts; returns when the sockets are bound and the journal is replayed.
    public init(_ configuration: Configuration, logger: Logger) throws(CoordinatorError) {
        if !configuration.allowsPlaintext, let open = configuration.endpoints.first(where: { !$0.isLocal }) {
            throw .publicWithoutEncryption(open)
        }
        let stop = Stop()
        let bell: Wakeup
        do {
            bell = try Wakeup()
        } catch {
            throw .socket(error)
        }
        wakeup = bell
        isStopping = stop
        thread = try SocketThread.start(name: "coordinator") { announce throws(CoordinatorError) in
            var loop = try CoordinatorLoop(configuration, wakeup: bell, logger: logger)
            announce(loop.endpoints)
            try loop.run(until: stop)
        }
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

/// A flag that one thread raises and another one sees.
final class Stop: Sendable {
    private let flag = Atomic(false)

    var isRaised: Bool { flag.load(ordering: .acquiring) }

    func raise() { flag.store(true, ordering: .releasing) }
}
