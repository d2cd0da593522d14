import Glibc
import Synchronization

/// The connections that a `ConnectionGuard` watches: shared by the socket's thread, which counts messages, and the guard's
/// thread, which measures and closes.
final class WatchedConnections: Sendable {
    private struct Shared {
        var table: ConnectionTable
        var cuts: [ConnectionCut] = []
        var cutCount = 0
        var listeners = Listeners()
        /// Memory of the process when the connections were measured last, and calls of `measure` since.
        var memory = 0
        var skipped = 0
    }

    private static let skippedMax = 10
    private static let growthMin = 4 << 20

    /// The events of libzmq that the guard needs.
    static let events = listening | accepted | closed | disconnected
    private static let listening: Int32 = 0x0008
    private static let accepted: Int32 = 0x0020
    private static let closed: Int32 = 0x0080
    private static let disconnected: Int32 = 0x0200
    /// Cuts kept until `takeCuts`; more are counted only.
    private static let cutsMax = 64
    /// Where `struct tcp_info` of Linux has its counts of bytes; the C library's header has an older, shorter one.
    private static let acknowledgedOffset = 120
    private static let receivedOffset = 128

    private let shared: Mutex<Shared>

    init(_ bounds: ConnectionBounds) {
        shared = Mutex(Shared(table: ConnectionTable(bounds)))
    }

    var count: Int { shared.withLock { $0.table.count } }
    var cutCount: Int { shared.withLock { $0.cutCount } }
    var isPaused: Bool { shared.withLock { $0.listeners.isPaused } }
    var unread: Int { shared.withLock { $0.table.unread } }
    var unsent: Int { shared.withLock { $0.table.unsent } }

    func takeCuts() -> [ConnectionCut] {
        shared.withLock { shared in
            defer { shared.cuts = [] }
            return shared.cuts
        }
    }

    // MARK: On the socket's thread

    func read(_ bytes: Int, from descriptor: Int32, route: [UInt8]) -> Bool {
        shared.withLock { $0.table.read(bytes, from: descriptor, route: route) }
    }

    func emptied() { shared.withLock { $0.table.emptied() } }

    func sent(_ bytes: Int, to route: [UInt8]) {
        shared.withLock { $0.table.sent(bytes, to: route) }
    }

    // MARK: On the guard's thread

    /// An event of libzmq: its number (16 bits) and a descriptor (32 bits), in the machine's order, then an address.
    func handle(_ event: Message) {
        guard let frame = event.frames.first?.copyBytes(), frame.count >= 6 else { return }
        let number = Int32(frame[0]) | Int32(frame[1]) << 8
        let value = frame[2..<6].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let descriptor = Int32(bitPattern: value)
        shared.withLock { shared in
            switch number {
            case Self.listening where event.frames.last?.copyBytes().starts(with: "tcp://".utf8) == true:
                shared.listeners.add(descriptor)
            case Self.closed: shared.listeners.remove(descriptor)
            case Self.accepted: shared.table.open(descriptor)
            case Self.disconnected: shared.table.close(descriptor)
            default: break
            }
        }
    }

    /// Measures all connections, if memory has grown since the last time or that is some time ago; closes those over a bound,
    /// and lets new ones wait while too much is to be read.
    ///
    /// To be called when all events were handled: a descriptor may have been used again. Cost: a call of the system for each
    /// connection.
    func measure() {
        let memory = ProcessMemory.resident
        let (cuts, mayReturn) = shared.withLock { shared in
            shared.skipped += 1
            defer { shared.listeners.setPaused(shared.table.isFull) }
            guard shared.skipped >= Self.skippedMax || memory > shared.memory + Self.growthMin else {
                return ([(descriptor: Int32?, cut: ConnectionCut)](), false)
            }
            shared.skipped = 0
            shared.memory = memory
            return (shared.table.cuts(memory: memory, measuredBy: Self.measure), shared.table.mayReturnMemory)
        }
        for (descriptor, cut) in cuts { close(descriptor, cut) }
        guard mayReturn else { return }
        ProcessMemory.returnFree()
        shared.withLock { $0.table.returnedMemory() }
    }

    private func close(_ descriptor: Int32?, _ cut: ConnectionCut) {
        if let descriptor { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        shared.withLock { shared in
            shared.cutCount += 1
            if shared.cuts.count < Self.cutsMax { shared.cuts.append(cut) }
        }
    }

    private static func measure(_ descriptor: Int32) -> ConnectionTable.Measure? {
        var facts = [UInt64](repeating: 0, count: 32)
        var count = socklen_t(facts.count * MemoryLayout<UInt64>.size)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &facts, &count) == 0,
            Int(count) >= receivedOffset + MemoryLayout<UInt64>.size
        else { return nil }
        return ConnectionTable.Measure(received: facts[receivedOffset / 8], acknowledged: facts[acknowledgedOffset / 8])
    }
}
