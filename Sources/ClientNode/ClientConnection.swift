package import Cluster
import Foundation
package import Logging
package import Scoring
import Threads
package import Traces
import Transport
import Wire
package import ZeroMQ

/// A client's connection to a coordinator: the channel's thread, and a mailbox in each direction.
///
/// It belongs to the thread that made it: the *writer*, which reads and writes files or generates a test load.
package struct ClientConnection {
    /// Events for the state machine, from the writer.
    private let events: Mailbox<ClientState.Event>
    /// What the writer must do.
    private let actions: Mailbox<ClientEvent>
    private let isClosed = StopFlag()
    private let thread: DedicatedThread<Void, ClientError>

    /// More than the answers of any window, even with one row in each shard.
    private static let mailboxMax = 1 << 18
    /// Far more than a window's shards. Shards that are dropped beyond it are submitted again when the coordinator
    /// asks.
    private static let channelOptions = ChannelOptions(
        sendHighWater: 10_000, receiveHighWater: 10_000, outboxMax: 100_000)

    /// Starts the channel's thread, which sends Hello. Spans of shards are within that of the run.
    package init(
        to endpoint: Endpoint, policy: Policy, context: ContextSet, abandonTime: Duration,
        sendsRanges: Bool = false, verify: Double = 0, security: SocketSecurity = .none, run: Span? = nil,
        logger: Logger
    ) throws(ClientError) {
        do {
            events = try Mailbox(capacity: Self.mailboxMax)
            actions = try Mailbox(capacity: Self.mailboxMax)
        } catch {
            throw .thread(error)
        }
        var machine = ClientState.Configuration(
            name: "\(ProcessInfo.processInfo.hostName)/\(ProcessInfo.processInfo.processIdentifier)",
            policy: policy, context: ContextBlock(context))
        machine.peer.abandonTime = abandonTime
        machine.sendsRanges = sendsRanges
        machine.verify = verify
        let configuration = machine
        let (events, actions, isClosed) = (events, actions, isClosed)
        let logger = logger.tracing(run)
        thread = try DedicatedThread.start(name: "client") { announce throws(ClientError) in
            var driver = ClientDriver(configuration, fromWriter: events, toWriter: actions, stop: isClosed, run: run)
            var hasStarted = false
            do throws(ZeroMQError) {
                var options = Self.channelOptions
                options.security = security
                var channel = try MessageChannel(connectingTo: endpoint, options: options, wakeup: events.wakeup)
                announce(())
                hasStarted = true
                try channel.run(&driver, logger: logger)
            } catch {
                guard hasStarted else { throw .socket(error) }
                _ = actions.send(.broken("\(error)"))
            }
        }
    }

    /// Sends an event to the state machine.
    package func send(_ event: ClientState.Event) {
        let outcome = events.send(event)
        precondition(outcome != .full, "the channel's mailbox is smaller than a window")
    }

    /// Waits until there is something to do, or the time is over; returns all actions received.
    package func receive(for timeout: Duration) -> [ClientEvent] {
        _ = actions.wakeup.wait(for: timeout)
        return actions.drain()
    }

    /// Ends the channel's thread.
    package func close() {
        isClosed.raise()
        events.wakeup.signal()
        // An error after the start was sent to the writer's mailbox.
        try? thread.join()
    }
}
