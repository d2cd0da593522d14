/// The connections of a listening socket: bytes that the system counts, and bytes that this process read and sent, as
/// `TransferSize` counts them. A value without a socket; `ConnectionGuard` measures.
///
/// A descriptor names a connection until it is closed, and then perhaps the next one, while messages of the first still
/// wait to be read. A routing id that libzmq chose names one connection for good.
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
        /// Acknowledged bytes beyond those of messages: handshake, answers to pings.
        var overhead: UInt64 = 0
        /// Bytes that may be received and are no message: the handshake, and pings since the last message.
        var credit: UInt64
        /// A message was read since the last measurement.
        var hasRead = false
        /// A later connection with the same descriptor, whose messages were read before its beginning was reported.
        var next: Next?
        /// There were too many when it was opened.
        var isSurplus = false
        var isCut = false

        var unread: Int { received > read ? Int(clamping: received - read) : 0 }
        var unsent: Int { sent + overhead > acknowledged ? Int(clamping: sent + overhead - acknowledged) : 0 }

        /// Notes a measurement. What is counted as read may be ahead of what arrived when it was measured: that is no credit
        /// for later.
        mutating func note(_ now: Measure, wasEmptied: Bool, _ bounds: ConnectionBounds) {
            received = now.received
            acknowledged = now.acknowledged
            // Who sends a little without end, and never a whole message, gets no credit for it.
            if hasRead, wasEmptied { credit = max(credit, UInt64(bounds.pingBytes)) }
            hasRead = false
            read = min(read, received)
            let free = min(credit, received - read)
            credit -= free
            read += free
            if acknowledged > sent + overhead { overhead = acknowledged - sent }
        }
    }

    private struct Next {
        let route: [UInt8]
        var read: UInt64
        /// By the second measurement all that was reported before is known: then it is the connection itself.
        var wasMeasured = false

        /// A message was read after those of `former`, perhaps of the same connection.
        init(route: [UInt8], read: UInt64, after former: Next?) {
            guard let former, former.route == route || !ConnectionTable.isLater(route, than: former.route) else {
                (self.route, self.read) = (route, read)
                return
            }
            self = former
            if former.route == route { self.read += read }
        }
    }

    /// A connection that was closed while messages of it waited to be read.
    private struct Ended {
        var unread: Int
        var isCut: Bool
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
    /// Ended connections whose messages are known from others': as many as there may be connections.
    private static let endedMax = 4096

    private let bounds: ConnectionBounds
    private var connections: [Int32: Connection] = [:]
    private var descriptors: [[UInt8]: Int32] = [:]
    /// What is known of connections before they are opened, by descriptor.
    private var announced: [Int32: Next] = [:]
    /// Connections that have ended since nothing waited to be read last, by the routing ids that libzmq chose for them.
    private var ended: [[UInt8]: Ended] = [:]
    /// Bytes that waited on connections that ended without a routing id of libzmq that is known.
    private var nameless = 0
    /// Whether messages of connections that have ended are dropped, and those of routing ids that are not known.
    private var dropsEnded = false
    /// Whether nothing waited to be read since the last measurement.
    private var wasEmptied = true
    /// Memory of the process when nothing waited last.
    private var quietMemory: Int?
    /// Memory at the last cut that frees some, and measurements since.
    private var lastCut: (memory: Int, measures: Int)?

    package init(_ bounds: ConnectionBounds) {
        self.bounds = bounds
    }

    package var count: Int { connections.count }

    /// Whether new connections are to wait: others were cut off for what all have together, and not all of it was read.
    package private(set) var isFull = false

    /// Bytes that were not read when they were measured last.
    package var unread: Int { connections.values.reduce(0) { $0 + $1.unread } }
    /// Bytes that no peer had acknowledged when they were measured last, and what was sent since.
    package var unsent: Int { connections.values.reduce(0) { $0 + $1.unsent } }

    /// A connection was accepted.
    package mutating func open(_ descriptor: Int32) {
        close(descriptor)
        let isSurplus = connections.count >= bounds.connectionsMax
        connections[descriptor] = Connection(credit: UInt64(bounds.handshakeBytes), isSurplus: isSurplus)
        if let next = announced.removeValue(forKey: descriptor) { name(descriptor, next.route, read: next.read) }
    }

    /// A connection's routing id is known, and bytes of messages that were read from it.
    private mutating func name(_ descriptor: Int32, _ route: [UInt8], read: UInt64) {
        if let former = connections[descriptor]?.route, descriptors[former] == descriptor { descriptors[former] = nil }
        connections[descriptor]?.route = route
        connections[descriptor]?.read += read
        connections[descriptor]?.hasRead = true
        descriptors[route] = descriptor
    }

    /// A connection has ended.
    package mutating func close(_ descriptor: Int32) {
        guard let connection = connections.removeValue(forKey: descriptor) else { return }
        announced[descriptor] = connection.next
        if let route = connection.route, descriptors[route] == descriptor { descriptors[route] = nil }
        // A peer may choose the same id again; libzmq's begin with 0 and a counter.
        guard let route = connection.route, route.first == 0 else {
            nameless += connection.unread
            return
        }
        if ended.count >= Self.endedMax, let (_, oldest) = ended.popFirst() { nameless += oldest.unread }
        ended[route] = Ended(unread: connection.unread, isCut: connection.isCut)
    }

    /// A message of `bytes` on the connection was read whole. Returns whether it is to be dropped, because its connection was
    /// cut off.
    package mutating func read(_ bytes: Int, from descriptor: Int32, route: [UInt8]) -> Bool {
        if !ended.isEmpty, let former = ended[route] {
            ended[route]?.unread = max(0, former.unread - bytes)
            return former.isCut || dropsEnded
        }
        guard let connection = connections[descriptor] else {
            announced[descriptor] = Next(route: route, read: UInt64(bytes), after: announced[descriptor])
            return dropsEnded
        }
        guard connection.route == route || !dropsEnded else { return true }
        if connection.route == route {
            connections[descriptor]?.read += UInt64(bytes)
            connections[descriptor]?.hasRead = true
            return connection.isCut
        }
        if connection.route == nil {
            name(descriptor, route, read: UInt64(bytes))
        } else if Self.isLater(route, than: connection.route) {
            connections[descriptor]?.next = Next(route: route, read: UInt64(bytes), after: connection.next)
        }
        return false
    }

    /// Whether libzmq gave a routing id after another one: 0 and a number of four bytes. Ids that peers choose have no order.
    private static func isLater(_ route: [UInt8], than former: [UInt8]?) -> Bool {
        guard let former, route.count == 5, former.count == 5, route[0] == 0, former[0] == 0 else { return true }
        let numbers = [route, former].map { $0.dropFirst().reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        return Int32(bitPattern: numbers[0] &- numbers[1]) > 0
    }

    /// Nothing more waits to be read.
    package mutating func emptied() {
        ended = [:]
        nameless = 0
        dropsEnded = false
        isFull = false
        wasEmptied = true
    }

    /// A message of `bytes` on the connection was sent.
    package mutating func sent(_ bytes: Int, to route: [UInt8]) {
        guard let descriptor = descriptors[route] else { return }
        connections[descriptor]?.sent += UInt64(bytes)
    }

    /// Measures each connection, and returns those to cut. `measure` gives `nil` for what is no TCP connection.
    ///
    /// A cut without a descriptor is of connections that have ended while messages of them waited: these will be dropped.
    ///
    /// - Parameter memory: Bytes of memory that the process has.
    package mutating func cuts(
        memory: Int, measuredBy measure: (Int32) -> Measure?
    ) -> [(descriptor: Int32?, cut: ConnectionCut)] {
        var cuts: [(descriptor: Int32?, cut: ConnectionCut)] = []
        var waiting: [Waiting] = []
        for descriptor in connections.keys {
            nameAnew(descriptor)
            guard let former = connections[descriptor], !former.isCut else { continue }
            if former.isSurplus { cuts.append((descriptor, ConnectionCut(bound: .connections, value: count))) }
            guard !former.isSurplus, let now = measure(descriptor) else { continue }
            connections[descriptor]?.note(now, wasEmptied: wasEmptied, bounds)
            guard let connection = connections[descriptor] else { continue }
            if connection.unread > bounds.unreadBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unread, value: connection.unread)))
            } else if connection.unsent > bounds.unsentBytesMax {
                cuts.append((descriptor, ConnectionCut(bound: .unsent, value: connection.unsent)))
            } else {
                waiting.append(Waiting(descriptor: descriptor, unread: connection.unread, unsent: connection.unsent))
            }
        }
        // What is dropped already is over soon.
        let endedBytes = dropsEnded ? 0 : ended.values.reduce(nameless) { $0 + ($1.isCut ? 0 : $1.unread) }
        let unread = waiting.reduce(endedBytes) { $0 + $1.unread }
        let total = waiting.reduce(unread) { $0 + $1.unsent }
        if unread > bounds.totalBytesMax {
            cuts += half(of: waiting, by: \.unread, endedBytes, ConnectionCut(bound: .total, value: unread))
        } else if let cut = cut(memory: memory) {
            if total > Self.quietBytesMax {
                cuts += half(of: waiting, by: \.all, endedBytes, cut)
            } else if !wasEmptied {
                // Of connections that were opened and closed between two measurements: nothing was counted.
                cuts.append((nil, cut))
            }
        }
        if cuts.contains(where: { $0.cut.bound != .connections }) {
            lastCut = (memory, 0)
        } else if let last = lastCut {
            lastCut = (last.memory, last.measures + 1)
        } else if quietMemory == nil || total <= Self.quietBytesMax && wasEmptied {
            quietMemory = memory
        }
        for (descriptor, cut) in cuts {
            if let descriptor { connections[descriptor]?.isCut = true } else { dropsEnded = true }
            if [.total, .memory].contains(cut.bound) { isFull = true }
        }
        wasEmptied = false
        return cuts
    }

    /// All that have ended, then the connections with the most, that have half of what waits together: many small ones count
    /// as one large one.
    private func half(
        of waiting: [Waiting], by bytes: (Waiting) -> Int, _ endedBytes: Int, _ cut: ConnectionCut
    ) -> [(descriptor: Int32?, cut: ConnectionCut)] {
        var rest = waiting.reduce(endedBytes) { $0 + bytes($1) } / 2 - endedBytes
        let open = waiting.sorted { bytes($0) > bytes($1) }.prefix { connection in
            defer { rest -= bytes(connection) }
            return rest > 0
        }
        return (endedBytes > 0 ? [(nil, cut)] : []) + open.map { ($0.descriptor, cut) }
    }

    /// A connection may have been given the id of a former one with its descriptor, which was not known.
    private mutating func nameAnew(_ descriptor: Int32) {
        guard let next = connections[descriptor]?.next else { return }
        connections[descriptor]?.next = nil
        if next.wasMeasured {
            name(descriptor, next.route, read: next.read)
        } else {
            connections[descriptor]?.next = next
            connections[descriptor]?.next?.wasMeasured = true
        }
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
        if lastCut.measures >= Self.freeMeasures.upperBound { return true }
        return !dropsEnded && !connections.values.contains(where: \.isCut) && !ended.values.contains(where: \.isCut)
    }

    /// It was returned: the next measurement is the measure of what the process needs.
    package mutating func returnedMemory() {
        dropsEnded = false
        isFull = false
        lastCut = nil
        quietMemory = nil
    }
}
