public import Cluster
public import Keys
public import Logging
import Threads
package import Traces
public import Wire
public import ZeroMQ

/// A coordinator: its state machines on a channel that listens, with the journal, the clock and the log.
///
/// One thread decides: wait, receive what has arrived, decide, send what is durable. Two more take what would make it
/// late: one commits the journal, beside two that wait for its disk, one reads large requests.
public final class CoordinatorNode: Sendable {
    /// Where the coordinator listens, and what it keeps.
    public struct Configuration: Sendable {
        /// Where to listen, one or more endpoints; for port 0 the system chooses a port.
        public var endpoints: [Endpoint]
        /// Path of the journal; with `nil` nothing survives the process.
        public var journalPath: String?
        /// Windows, limits and times of the coordinator's state machine.
        public var state = CoordinatorState.Configuration()
        /// Bounds and times of the planner.
        public var planner = PlannerState.Configuration.apart
        /// The keys of peers that may connect; with `nil`, any peer that reaches an endpoint may.
        public var keys: LiveKeys?
        /// Whether to bind addresses that other machines can reach without keys, although traffic is in plain text.
        public var allowsPlaintext = false
        /// Bytes of entries that wait for the disk, about: beyond its share, what a tenant sends waits.
        package var journalBytesWaitingMax = 32 << 20
        /// Starts spans of jobs, shards and plans; `nil` traces nothing.
        package var tracer: Tracer?
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
    private let isStopping = StopFlag()
    private let local: LocalPeers
    private let auditLog: AuditLog

    /// Where the coordinator listens, with the ports that the system has chosen.
    public var endpoints: [Endpoint] { thread.announcement }

    /// Starts; returns when the sockets are bound and the journal is replayed.
    public init(_ configuration: Configuration, logger: Logger) throws(CoordinatorError) {
        if configuration.keys == nil, !configuration.allowsPlaintext,
            let open = configuration.endpoints.first(where: { !$0.isLocal })
        {
            throw .publicWithoutEncryption(open)
        }
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        let local = LocalPeers(wakeup: wakeup)
        self.wakeup = wakeup
        self.local = local
        let auditLog = AuditLog(logger)
        self.auditLog = auditLog
        let isStopping = isStopping
        thread = try DedicatedThread.start(name: "coordinator") { announce throws(CoordinatorError) in
            var driver = try CoordinatorDriver(
                configuration, local: local, wakeup: wakeup, audit: auditLog, logger: logger)
            announce(driver.endpoints)
            try driver.run(until: isStopping)
        }
    }

    /// Sends a message to the planner as a trainer inside this process; returns its answers, in order.
    ///
    /// The stream ends when the coordinator stops. A caller that stops reading it counts as having left. It is empty
    /// when too many requests wait, or the coordinator has stopped.
    /// It is about the policies of the scope's tenant.
    public func ask(_ message: Wire.Message, in scope: Scope = .all) -> AsyncStream<Wire.Message> {
        local.ask(message, of: scope.tenant) ?? AsyncStream { $0.finish() }
    }

    /// Counts and levels of a scope of the coordinator; `nil` when it has stopped. Waits for the next turn of its thread.
    public func report(of scope: Scope = .all) async -> CoordinatorReport? {
        await local.report(of: scope)
    }

    /// Answers an operator about a scope; `nil` when the coordinator has stopped. Waits for the next turn of its thread.
    public func operate(_ request: OperatorRequest, in scope: Scope = .all) async -> OperatorAnswer? {
        await local.operate(request, in: scope)
    }

    /// Returns when everything is answered that was asked in the scope before; `false` when the coordinator has stopped.
    public func mark(in scope: Scope = .all) async -> Bool { await local.mark(of: scope.tenant) }

    /// Asks about the histories of a scope's policies; `nil` when the coordinator has stopped.
    public func query(_ query: HistoryQuery, in scope: Scope = .all) async -> HistoryAnswer? {
        await local.query(query, in: scope)
    }

    /// Records in the audit log what the holder of a token has changed. Any thread may call it.
    public func audit(_ change: AuditedChange) { auditLog.record(change) }

    /// Asks the coordinator to stop; its state is in the journal.
    public func stop() {
        isStopping.raise()
        wakeup.signal()
    }

    /// Waits until the coordinator has stopped. Throws the reason, unless it was asked to stop.
    public func wait() throws(CoordinatorError) {
        try thread.join()
    }
}
