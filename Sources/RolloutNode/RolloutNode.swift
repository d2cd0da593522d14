public import Cluster
import Foundation
public import Logging
import Threads
import Wire
public import ZeroMQ

/// Runs the rollout worker's machine: a DEALER on one thread, a program beside it.
public final class RolloutNode: Sendable {
    /// What makes the rollouts.
    public enum Work: Sendable {
        /// A program and its arguments.
        case process([String])
        /// Rewards drawn from rates; mean seconds of a rollout, and what decides the draws.
        case simulated(SimulatedRates, seconds: Double, seed: UInt64)
    }

    /// Where it belongs, what it takes and by what it makes rollouts.
    public struct Configuration: Sendable {
        /// Where the coordinator listens.
        public var coordinator: Endpoint
        /// Name, slots, credit and patience.
        public var machine: RolloutState.Configuration
        /// What makes the rollouts.
        public var work: Work
        /// A longer line of the program's output is a bad line.
        public var lineBytesMax = 1 << 20
        /// From SIGTERM to SIGKILL, when the program is to end.
        public var graceTime: Duration = .seconds(5)

        /// A rollout worker for a coordinator.
        public init(coordinator: Endpoint, machine: RolloutState.Configuration, work: Work) {
            self.coordinator = coordinator
            self.machine = machine
            self.work = work
        }
    }

    /// What a rollout worker has done so far.
    public struct Counts: Hashable, Sendable {
        /// Assignments that the program was given, a second time after its death counted again.
        public var assignments = 0
        /// Rollouts that the program reported, failed ones among them.
        public var rollouts = 0
        /// Assignments whose rewards count, do not because another was faster, and cannot.
        public var recorded = 0
        /// See `recorded`.
        public var superseded = 0
        /// See `recorded`.
        public var rejected = 0
        /// Lines of the program that were no reports, and reports that were passed over.
        public var badLines = 0
        /// Deaths of the program.
        public var deaths = 0
    }

    private let thread: DedicatedThread<Void, RolloutError>
    private let wishes: Mailbox<RolloutRequest>
    private let tally: RolloutTally

    /// What others ask of the socket's thread.
    enum RolloutRequest: Sendable { case drain }

    /// Starts; returns when the program is started and the rollout worker on its way to the coordinator.
    ///
    /// - Parameter context: Shared by rollout workers of one process; its own otherwise.
    public init(
        _ configuration: Configuration, logger: Logger, context: Context? = nil
    ) throws(RolloutError) {
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        let wishes = Mailbox<RolloutRequest>(capacity: 16, wakeup: wakeup)
        let tally = RolloutTally()
        (self.wishes, self.tally) = (wishes, tally)
        thread = try DedicatedThread.start(name: "rollout") { announce throws(RolloutError) in
            var loop = try RolloutLoop(
                configuration, wishes: wishes, wakeup: wakeup, tally: tally, context: context, logger: logger)
            announce(())
            try loop.run()
        }
    }

    /// What it has done so far.
    public var counts: Counts { tally.value }

    /// Asks it to finish what runs and leave.
    public func drain() {
        _ = wishes.send(.drain)
    }

    /// Waits until it has left and its program has ended. Throws why, when it was not asked to.
    public func wait() throws(RolloutError) {
        try thread.join()
    }
}
