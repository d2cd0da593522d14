import NIOCore
import Synchronization

/// The open connections of a server, and which of them wait for a request, longest first.
///
/// Any thread may use it; a connection reports its changes from its event loop. Each operation costs constant time, on
/// average.
final class ConnectionTable: Sendable {
    /// Sent to a connection that should close, because another one needs its place. It does so if it still waits.
    struct Eviction: Sendable {}

    private struct State {
        /// By connection: the number of its wait; `nil` while it has a request.
        var open: [ObjectIdentifier: Int?] = [:]
        /// Waits in their order. One that has ended is skipped.
        var waits: CircularBuffer<(number: Int, channel: any Channel)> = []
        var next = 0

        func isWaiting(_ number: Int, _ channel: any Channel) -> Bool {
            open[ObjectIdentifier(channel)] == .some(number)
        }
    }

    private let state = Mutex(State())

    /// Number of open connections.
    var count: Int { state.withLock { $0.open.count } }

    /// A connection is new, or its answer was written: it waits for a request.
    func wait(_ channel: any Channel) {
        state.withLock { state in
            state.next += 1
            state.open[ObjectIdentifier(channel)] = .some(state.next)
            state.waits.append((state.next, channel))
            // At most half of the entries are of waits that have ended.
            guard state.waits.count > 2 * state.open.count + 16 else { return }
            state.waits = CircularBuffer(state.waits.filter { state.isWaiting($0.number, $0.channel) })
        }
    }

    /// A connection has a request.
    func work(_ channel: any Channel) {
        state.withLock { $0.open[ObjectIdentifier(channel)] = .some(nil) }
    }

    /// A connection has ended.
    func close(_ channel: any Channel) {
        _ = state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Closes connections that wait until there are at most so many; `false` where too many have a request.
    func makeRoom(_ connectionsMax: Int, besides new: (any Channel)? = nil) -> Bool {
        while count > connectionsMax { guard evict(besides: new) else { return false } }
        return true
    }

    /// Asks the connection that has waited longest to close, and counts it no more; `false` where none waits besides one. A
    /// connection that has a request by then stays, and reports it.
    func evict(besides new: (any Channel)? = nil) -> Bool {
        let channel = state.withLock { state -> (any Channel)? in
            while let (number, channel) = state.waits.first {
                if let new, channel === new { return nil }
                state.waits.removeFirst()
                guard state.isWaiting(number, channel) else { continue }
                state.open[ObjectIdentifier(channel)] = nil
                return channel
            }
            return nil
        }
        channel?.pipeline.fireUserInboundEventTriggered(Eviction())
        return channel != nil
    }
}
