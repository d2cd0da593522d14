/// The connections of a listening socket: bytes that the system counts, and bytes that this process read and sent. A value
/// without a socket; `ConnectionGuard` measures.
package struct ConnectionTable {
    /// Bytes since a connection began, as the system counts them.
    package struct Measure {
        package var received: UInt64
        package var acknowledged: UInt64

        package init(received: UInt64, acknowledged: UInt64) {
            self.received = received
            self.acknowledged = acknowledged
        }
    }

    private struct Connection {
        var route: [UInt8]?
        var received: UInt64 = 0
        var acknowledged: UInt64 = 0
        var read: UInt64 = 0
        var sent: UInt64 = 0
        /// Acknowledged bytes beyond those of messages: handshake, pings, encryption.
        var overhead: UInt64 = 0
        /// There were too many when it was opened.
        var isSurplus = false
        var isCut = false

        var unread: Int { received > read ? Int(clamping: received - read) : 0 }
        var unsent: Int { sent + overhead > acknowledged ? Int(clamping: sent + overhead - acknowledged) : 0 }

        /// Notes a measurement. What is counted as read has frames' heads at their largest, so that it may be ahead of what
        /// arrived: that is no credit for later.
        mutating func note(_ now: Measure) {
            received = now.received
            acknowledged = now.acknowledged
            read = min(read + ConnectionTable.pingBytes, received)
            if acknowledged > sent + overhead { overhead = acknowledged - sent }
        }
    }

    private struct Waiting {
        let descriptor: Int32
        let unread: Int
        let unsent: Int
        var all: Int { unread + unsent }
    }

    /// What counts as nothing that waits: then memory has grown for other reasons.
    private static let quietBytesMax = 256 << 10
    /// After a cut, libzmq needs some time to free what it held; it may not get to it before the socket's thread reads.
    private static let freeMeasures = 3...25
    /// Pings and the handshake are received and never read: some bytes a measurement are allowed.
    private static let pingBytes: UInt64 = 16
    /// Bytes of a frame's head, with encryption.
    private static let frameOverhead = 48

    private let bounds: ConnectionBounds
    private var connections: [Int32: Connection] = [:]
    private var descriptors: [[UInt8]: Int32] = [:]
    /// Memory of the process when nothing waited last.
    private var quietMemory: Int?
    /// Memory at the last cut that frees some, and measurements since.
    private var lastCut: (memory: Int, measures: Int)?

    package init(_ bounds: ConnectionBounds) {
        self.bounds = bounds
    }

    package var count: Int { connections.count }

    /// A connection was accepted.
    package mutating func open(_ descriptor: Int32) {
        close(descriptor)
        connections[descriptor] = Connection(isSurplus: connections.count >= bounds.connectionsMax)
    }

    /// A connection has ended.
    package mutating func close(_ descriptor: Int32) {
        guard let route = connections.removeValue(forKey: descriptor)?.route else { return }
        if descriptors[route] == descriptor { descriptors[route] = nil }
    }

    /// A message was read whole.
    package mutating func read(_ bytes: Int, frames: Int, from descriptor: Int32, route: [UInt8]) {
        guard connections[descriptor] != nil else { return }
        connections[descriptor]?.read += UInt64(bytes + frames * Self.frameOverhead)
        guard connections[descriptor]?.route != route else { return }
        connections[descriptor]?.route = route
        descriptors[route] = descriptor
    }

    /// A message was sent.
    package mutating func sent(_ bytes: Int, to route: [UInt8]) {
        guard let descriptor = descriptors[route] else { return }
        connections[descriptor]?.sent += UInt64(bytes)
    }

    /// Measures each connection, and returns those to cut. `measure` gives `nil` for what is no TCP connection.
    ///
    /// - Parameter memory: Bytes of memory that the process has.
    package mutating func cuts(
        memory: Int, measuredBy measure: (Int32) -> Measure?
    ) -> [(descriptor: Int32, cut: ConnectionCut)] {
        var cuts: [(descriptor: Int32, cut: ConnectionCut)] = []
        var waiting: [Waiting] = []
        for descriptor in connections.keys {
            guard let former = connections[descriptor], !former.isCut else { continue }
            if former.isSurplus { cuts.append((descriptor, ConnectionCut(bound: .connections, value: count))) }
            guard !former.isSurplus, let now = measure(descriptor) else { continue }
            connections[descriptor]?.note(now)
            guard let connection = connections[descriptor] else { continue }
            if connection.unread > bounds.unreadBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unread, value: connection.unread)))
            } else if connection.unsent > bounds.unsentBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unsent, value: connection.unsent)))
            } else {
                waiting.append(Waiting(descriptor: descriptor, unread: connection.unread, unsent: connection.unsent))
            }
        }
        let unread = waiting.reduce(0) { $0 + $1.unread }
        let total = waiting.reduce(unread) { $0 + $1.unsent }
        if unread > bounds.totalBytesMax {
            let cut = ConnectionCut(bound: .total, value: unread)
            cuts += Self.half(of: waiting, by: \.unread).map { (descriptor: $0, cut: cut) }
        } else if total > Self.quietBytesMax, let cut = cut(memory: memory) {
            cuts += Self.half(of: waiting, by: \.all).map { (descriptor: $0, cut: cut) }
        }
        for (descriptor, _) in cuts { connections[descriptor]?.isCut = true }
        if cuts.contains(where: { $0.cut.bound != .connections }) {
            lastCut = (memory, 0)
        } else if let last = lastCut {
            lastCut = (last.memory, last.measures + 1)
        } else if quietMemory == nil || total <= Self.quietBytesMax {
            quietMemory = memory
        }
        return cuts
    }

    /// The connections with the most, that have half of what waits together: many small ones count as one large one.
    private static func half(of waiting: [Waiting], by bytes: (Waiting) -> Int) -> [Int32] {
        var rest = waiting.reduce(0) { $0 + bytes($1) } / 2
        return waiting.sorted { bytes($0) > bytes($1) }.prefix { connection in
            defer { rest -= bytes(connection) }
            return rest > 0
        }.map(\.descriptor)
    }

    /// Whether connections must be cut for the memory that they cost together.
    private func cut(memory: Int) -> ConnectionCut? {
        guard let quietMemory, memory - quietMemory > bounds.memoryGrowthMax else { return nil }
        // What a cut frees is not free at once.
        if let lastCut, memory - lastCut.memory < bounds.memoryGrowthMax / 4 { return nil }
        return ConnectionCut(bound: .memory, value: memory - quietMemory)
    }

    /// Whether what cuts have freed, and the allocator keeps, is to be returned to the system now.
    package var mayReturnMemory: Bool {
        guard let lastCut, lastCut.measures >= Self.freeMeasures.lowerBound else { return false }
        return lastCut.measures >= Self.freeMeasures.upperBound || !connections.values.contains(where: \.isCut)
    }

    /// It was returned: the next measurement is the measure of what the process needs.
    package mutating func returnedMemory() {
        lastCut = nil
        quietMemory = nil
    }
}
