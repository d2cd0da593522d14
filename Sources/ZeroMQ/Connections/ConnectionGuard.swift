import CZeroMQ
import Synchronization
public import Threads

/// Keeps the connections of a listening socket within `ConnectionBounds`: measures them on a thread of its own, and closes
/// what is over a bound. The peer may connect again.
///
/// libzmq cannot close one connection of a ROUTER. But it reports the descriptor of each connection, and the system
/// counts the bytes that arrived on it and those that its peer acknowledged (`TCP_INFO`); `shutdown` on the descriptor
/// makes libzmq close it and free what it holds. Connections over `ipc` have no such counts and are not measured: only
/// users who may open the path reach them.
public final class ConnectionGuard: Sendable {
    private let watched: WatchedConnections
    private let isStopping = StopFlag()
    private let wakeup: Wakeup
    private let thread: Mutex<DedicatedThread<Void, ZeroMQError>?> = Mutex(nil)

    /// Between two readings of the process's memory; connections are measured where it has grown, else at each tenth.
    private static let interval = Duration.milliseconds(20)

    /// A guard without a socket. `wakeup` is its own.
    public init(_ bounds: ConnectionBounds, wakeup: Wakeup) {
        watched = WatchedConnections(bounds)
        self.wakeup = wakeup
    }

    deinit {
        isStopping.raise()
        wakeup.signal()
        let running = thread.withLock { $0 }
        try? running?.join()
    }

    /// Connections now.
    public var count: Int { watched.count }

    /// Connections that were closed since the start.
    public var cutCount: Int { watched.cutCount }

    /// Bytes that waited to be read when connections were measured last, at most 0.2 s ago. Cost: linear in connections.
    public var unreadBytes: Int { watched.unread }

    /// Bytes that no peer had acknowledged then, and what was sent since. Cost: linear in connections.
    public var unsentBytes: Int { watched.unsent }

    /// Whether new connections wait, because too much of others is to be read.
    package var isPaused: Bool { watched.isPaused }

    /// Connections that were closed since the last call, at most 64.
    public func takeCuts() -> [ConnectionCut] { watched.takeCuts() }

    /// Begins to watch a socket that is not bound yet.
    func watch(_ socket: UnsafeMutableRawPointer, in context: Context) throws(ZeroMQError) {
        let place = "inproc://connections-\(UInt64.random(in: .min ... .max))"
        guard zmq_socket_monitor(socket, place, WatchedConnections.events) == 0 else { throw .last(.setOption) }
        let (watched, isStopping, wakeup) = (watched, isStopping, wakeup)
        let started = try DedicatedThread<Void, ZeroMQError>.start(name: "connections") {
            announce throws(ZeroMQError) in
            var options = SocketOptions()
            // libzmq's thread waits where its events find no space.
            options.receiveHighWater = 1_000_000
            let events = try Socket(.pair, in: context, options: options)
            try events.connect(try Endpoint(place))
            announce(())
            let poller = Poller(wakeup: wakeup)
            while !isStopping.isRaised {
                let isIdle = watched.count == 0 && !watched.isPaused
                _ = try poller.wait(events, timeout: isIdle ? .seconds(1) : Self.interval)
                while case .message(let event) = try events.receive() { watched.handle(event) }
                watched.measure()
            }
        }
        thread.withLock { $0 = started }
    }

    /// A message of `bytes` on the connection of a descriptor was read whole. Returns whether that was cut off since.
    func read(_ bytes: Int, from descriptor: Int32, route: [UInt8]) -> Bool {
        watched.read(bytes, from: descriptor, route: route)
    }

    /// Nothing more waits to be read.
    func emptied() { watched.emptied() }

    /// A message of `bytes` on the connection was sent to a peer.
    func sent(_ bytes: Int, to route: [UInt8]) { watched.sent(bytes, to: route) }
}
