/// The connections of a listening socket: bytes that the system counts, and bytes that this process read and sent. A value
/// without a socket; `ConnectionGuard` measures.
struct ConnectionTable {
    /// Bytes since a connection began, as the system counts them.
    struct Measure {
        var received: UInt64
        var acknowledged: UInt64
    }

    private struct Connection {
        /// A number of its own: descriptors are used again.
        let number: UInt64
        var route: [UInt8]?
        var received: UInt64 = 0
        var acknowledged: UInt64 = 0
        var read: UInt64 = 0
        var sent: UInt64 = 0
        /// Acknowledged bytes beyond those of messages: handshake, pings, encryption.
        var overhead: UInt64 = 0
        var ageTicks: UInt64 = 0
        var isCut = false

        /// Frames' heads, pings and encryption are received, but not read: some bytes a measurement are allowed.
        var unread: Int {
            let counted = read + ageTicks * ConnectionTable.overheadBytesPerTick
            return received > counted ? Int(clamping: received - counted) : 0
        }
        var unsent: Int { sent + overhead > acknowledged ? Int(clamping: sent + overhead - acknowledged) : 0 }
    }

    private static let overheadBytesPerTick: UInt64 = 4
    /// Bytes of a frame's head, with encryption.
    private static let frameOverhead = 48

    private let bounds: ConnectionBounds
    private var connections: [Int32: Connection] = [:]
    private var descriptors: [[UInt8]: Int32] = [:]
    private var numbers: UInt64 = 0

    init(_ bounds: ConnectionBounds) {
        self.bounds = bounds
    }

    var count: Int { connections.count }

    /// A connection was accepted. Returns the cut where there are too many.
    mutating func open(_ descriptor: Int32) -> ConnectionCut? {
        close(descriptor)
        numbers += 1
        connections[descriptor] = Connection(number: numbers)
        guard connections.count > bounds.connectionsMax else { return nil }
        connections[descriptor]?.isCut = true
        return ConnectionCut(bound: .connections, value: connections.count)
    }

    /// A connection has ended.
    mutating func close(_ descriptor: Int32) {
        guard let route = connections.removeValue(forKey: descriptor)?.route else { return }
        if descriptors[route] == descriptor { descriptors[route] = nil }
    }

    /// A message was read whole.
    mutating func read(_ bytes: Int, frames: Int, from descriptor: Int32, route: [UInt8]) {
        guard connections[descriptor] != nil else { return }
        connections[descriptor]?.read += UInt64(bytes + frames * Self.frameOverhead)
        guard connections[descriptor]?.route != route else { return }
        connections[descriptor]?.route = route
        descriptors[route] = descriptor
    }

    /// A message was sent.
    mutating func sent(_ bytes: Int, to route: [UInt8]) {
        guard let descriptor = descriptors[route] else { return }
        connections[descriptor]?.sent += UInt64(bytes)
    }

    /// Measures each connection, and returns those to cut. `measure` gives `nil` for what is no TCP connection.
    mutating func cuts(measuredBy measure: (Int32) -> Measure?) -> [(descriptor: Int32, cut: ConnectionCut)] {
        var cuts: [(descriptor: Int32, cut: ConnectionCut)] = []
        var total = 0
        var largest: (descriptor: Int32, bytes: Int)?
        for descriptor in connections.keys {
            guard var connection = connections[descriptor], !connection.isCut, let now = measure(descriptor) else {
                continue
            }
            connection.received = now.received
            connection.acknowledged = now.acknowledged
            connection.ageTicks += 1
            if now.acknowledged > connection.sent + connection.overhead {
                connection.overhead = now.acknowledged - connection.sent
            }
            let (unread, unsent) = (connection.unread, connection.unsent)
            if unread > bounds.unreadBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unread, value: unread)))
                connection.isCut = true
            } else if unsent > bounds.unsentBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unsent, value: unsent)))
                connection.isCut = true
            } else {
                total += unread + unsent
                if unread + unsent > largest?.bytes ?? 0 { largest = (descriptor, unread + unsent) }
            }
            connections[descriptor] = connection
        }
        if total > bounds.totalBytesMax, let largest {
            cuts.append((largest.descriptor, ConnectionCut(bound: .total, value: total)))
            connections[largest.descriptor]?.isCut = true
        }
        return cuts
    }
}
