package import Cluster
import Foundation
package import Logging
package import Scoring
package import Threads
import Wire
package import ZeroMQ

/// The two mailboxes and the thread between a desk and a coordinator.
package struct ClientConnection {
    /// To the socket's thread.
    package let events: Mailbox<ClientState.Event>
    /// To the desk.
    package let desk: Mailbox<ClientEvent>
    package let deskBell: Wakeup
    private let socketBell: Wakeup
    private let hasHungUp = StopFlag()
    private let thread: DedicatedThread<Void, ClientError>

    /// Above every answer a window can hold, even with one row to a shard.
    private static let mailboxMax = 1 << 18

    /// Starts the socket's thread, which says Hello.
    package init(
        to endpoint: Endpoint, policy: Policy, context: ContextSet, abandonTime: Duration, logger: Logger
    ) throws(ClientError) {
        let (socketBell, deskBell): (Wakeup, Wakeup)
        do {
            (socketBell, deskBell) = (try Wakeup(), try Wakeup())
        } catch {
            throw .thread(error)
        }
        let events = Mailbox<ClientState.Event>(capacity: Self.mailboxMax, wakeup: socketBell)
        let desk = Mailbox<ClientEvent>(capacity: Self.mailboxMax, wakeup: deskBell)
        var machine = ClientState.Configuration(
            name: "\(ProcessInfo.processInfo.hostName)/\(ProcessInfo.processInfo.processIdentifier)",
            policy: policy, context: ContextBlock(context))
        machine.peer.abandonTime = abandonTime
        let settled = machine
        let hasHungUp = hasHungUp
        thread = try DedicatedThread.start(name: "client") { announce throws(ClientError) in
            do throws(ZeroMQError) {
                var loop = try ClientLoop(
                    endpoint: endpoint, configuration: settled, events: events, desk: desk, wakeup: socketBell,
                    stop: hasHungUp, logger: logger)
                announce(())
                try loop.run()
            } catch {
                _ = desk.send(.broken("\(error)"))
            }
        }
        self.events = events
        self.desk = desk
        self.deskBell = deskBell
        self.socketBell = socketBell
    }

    /// Ends the socket's thread.
    package func hangUp() {
        hasHungUp.raise()
        socketBell.signal()
        // What the thread had to say after opening came through the mailbox.
        try? thread.join()
    }
}
