public import Cluster
public import Logging
import Threads
package import Traces
import Transport
import Wire
public import ZeroMQ

/// A rollout worker: the rollout worker's state machine on a channel to the coordinator, and a program beside it.
public final class RolloutNode: Sendable {
    /// What makes the rollouts.
    public enum Work: Sendable {
        /// A program and its arguments.
        case process([String])
        /// Rewards drawn from rates: mean seconds of a rollout, and the seed of the draws.
        case simulated(SimulatedRates, seconds: Double, seed: UInt64)
    }

    /// Which coordinator the rollout worker connects to, and how it makes rollouts.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Name, slots, credit and timeouts.
        public var machine: RolloutState.Configuration
        /// What makes the rollouts.
        public var work: Work
        /// Maximum bytes of an output line of the program; a longer one is a bad line.
        public var lineBytesMax = 1 << 20
        /// From SIGTERM to SIGKILL, when the program must end.
        public var graceTime: Duration = .seconds(5)
        /// Starts spans of assignments; `nil` traces nothing.
        package var tracer: Tracer?
        /// The rollout worker's key, where the coordinator asks for one.
        public var security = SocketSecurity.none

        /// A rollout worker for a coordinator.
        public init(coordinator: Endpoint, machine: RolloutState.Configuration, work: Work) {
            self.coordinator = coordinator
            self.machine = machine
            self.work = work
        }
    }

    /// What a rollout worker has done so far.
    public struct Counts: Hashable, Sendable {
        /// Assignments given to the program. One that was given again after a death counts again.
        public var assignments = 0
        /// Rollouts that the program reported, including failed ones.
        public var rollouts = 0
        /// Assignments whose rewards were recorded.
        public var recorded = 0
        /// Assignments whose rewards do not count, because another worker was faster.
        public var superseded = 0
        /// Assignments whose rewards the coordinator rejected.
        public var rejected = 0
        /// Output lines that were not reports, and reports that were ignored.
        public var badLines = 0
        /// Deaths of the program.
        public var deaths = 0
    }

    /// What other threads request from the channel's thread.
    enum Request: Sendable { case drain }

    private let thread: DedicatedThread<Void, RolloutError>
    private let requests: Mailbox<Request>
    private let shared = SharedValue(Counts())

    /// Starts; returns when the rollout worker has begun to connect to the coordinator.
    ///
    /// - Parameter context: Shared by rollout workers of one process; `nil` makes one of its own.
    public init(
        _ configuration: Configuration, logger: Logger, context: Context? = nil
    ) throws(RolloutError) {
        let requests: Mailbox<Request>
        do {
            requests = try Mailbox(capacity: 16)
        } catch {
            throw .thread(error)
        }
        self.requests = requests
        let shared = shared
        thread = try DedicatedThread.start(name: "rollout") { announce throws(RolloutError) in
            var driver = RolloutDriver(configuration, requests: requests, counts: shared, logger: logger)
            var failure: ZeroMQError?
            do throws(ZeroMQError) {
                var options = Self.channelOptions
                options.security = configuration.security
                var channel = try MessageChannel(
                    connectingTo: configuration.coordinator, options: options, wakeup: requests.wakeup,
                    context: context)
                announce(())
                logger.info("rollout worker started", metadata: ["coordinator": "\(configuration.coordinator)"])
                try channel.run(&driver, logger: logger)
            } catch {
                failure = error
            }
            try driver.finish()
            if let failure { throw .socket(failure) }
        }
    }

    /// Without a connection only the latest messages matter: older ones are sent again.
    private static let channelOptions = ChannelOptions(
        sendHighWater: 1000, receiveHighWater: 1000, outboxMax: 2 * Limits.assignmentsMax)

    /// What the rollout worker has done so far.
    public var counts: Counts { shared.value }

    /// Asks the rollout worker to finish what runs and leave.
    public func drain() {
        _ = requests.send(.drain)
    }

    /// Waits until the rollout worker has left and its program has ended. Throws the reason, unless it was asked to
    /// leave.
    public func wait() throws(RolloutError) {
        try thread.join()
    }
}
