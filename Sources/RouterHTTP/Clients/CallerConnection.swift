import NIOCore
import Synchronization

/// One connection of a client: says when the client has left.
///
/// A client that closes its connection, or its sending half, has left. Go's and nginx's servers see it the same way: of
/// clients that wait for an answer, none closes its sending half.
final class CallerConnection: Sendable {
    private struct State {
        var hasLeft = false
        var watchers: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// Calls `onLeave` once when the client leaves; at once if it has left. The result ends it (`unwatch`).
    func watch(_ onLeave: @escaping @Sendable () -> Void) -> Int {
        let (number, hasLeft) = state.withLock { state in
            state.next += 1
            if !state.hasLeft { state.watchers[state.next] = onLeave }
            return (state.next, state.hasLeft)
        }
        if hasLeft { onLeave() }
        return number
    }

    /// Ends a watch.
    func unwatch(_ number: Int) {
        state.withLock { $0.watchers[number] = nil }
    }

    /// The client has left.
    func leave() {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            state.hasLeft = true
            return state.watchers.values
        }
        for watcher in watchers { watcher() }
    }
}

/// The open connections of a server. NIO's channels identify them.
final class CallerConnections: Sendable {
    private let open = Mutex<[ObjectIdentifier: CallerConnection]>([:])

    /// The connection of a channel; for a channel that is closed already, one whose client has left.
    func connection(of channel: any Channel) -> CallerConnection {
        if let known = open.withLock({ $0[ObjectIdentifier(channel)] }) { return known }
        let gone = CallerConnection()
        gone.leave()
        return gone
    }

    /// Number of open connections.
    var count: Int { open.withLock { $0.count } }

    fileprivate func opened(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = CallerConnection() }
    }

    fileprivate func left(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] }?.leave()
    }

    fileprivate func closed(_ channel: any Channel) {
        open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.leave()
    }
}

/// Notices on a channel that its client has left, also while nothing is written to it.
final class CallerConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: CallerConnections

    init(_ connections: CallerConnections) {
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) { connections.opened(context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) { connections.closed(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        connections.closed(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { connections.left(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }
}
