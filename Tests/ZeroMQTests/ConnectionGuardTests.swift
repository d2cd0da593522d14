import TestSupport
import Testing
import Threads
import ZeroMQ

@Suite("connections that are watched")
struct ConnectionGuardTests {
    private let context: Context
    private let bounds: ConnectionBounds

    init() throws {
        context = try Context()
        var bounds = ConnectionBounds()
        bounds.unreadBytesMax = 256 << 10
        self.bounds = bounds
    }

    private func open(
        _ kind: Socket.Kind, _ security: SocketSecurity, _ connections: ConnectionGuard?
    ) throws -> Socket {
        var options = SocketOptions()
        options.linger = .zero
        options.receiveHighWater = nil
        options.sendHighWater = 100_000
        options.security = security
        return try Socket(kind, in: context, options: options, connections: connections)
    }

    private func wait(_ what: String, until condition: () -> Bool) throws {
        let wakeup = try Wakeup()
        let deadline = ContinuousClock.now + testTimeout
        while !condition() {
            guard ContinuousClock.now < deadline else { throw TestTimeout(what: what) }
            _ = wakeup.wait(for: .milliseconds(20))
        }
    }

    @Test("after many small messages nothing counts as waiting", arguments: [false, true])
    func drift(isEncrypted: Bool) throws {
        let (server, client) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        let authenticator = try Authenticator(in: context, wakeup: try Wakeup()) { _, _ in true }
        let connections = ConnectionGuard(bounds, wakeup: try Wakeup())
        let router = try open(.router, isEncrypted ? .server(server) : .none, connections)
        let place = try router.bind(try Endpoint("tcp://127.0.0.1:0"))
        let peer = try open(.dealer, isEncrypted ? .client(client, server: server.publicKey) : .none, nil)
        try peer.connect(place)
        let sizes = [0, 1, 200, 222, 223, 255, 256, 1000]
        for number in 0..<4000 {
            let frame = Frame(Array(repeating: 0, count: sizes[number % sizes.count]))
            try deliver(number % 3 == 0 ? [frame, Frame("two")] : [frame], to: peer)
            let message = try nextMessage(router)
            #expect(try router.send(Message([message.frames[0], frame])) == .sent)
            _ = try nextMessage(peer)
        }
        // The handshake is received and not read: it is forgotten little by little.
        try wait("bytes that wait") { connections.unreadBytes < 1000 && connections.unsentBytes < 100 }
        #expect(connections.cutCount == 0)
        withExtendedLifetime(authenticator) {}
    }

    @Test("what a connection had sent before it was cut off is dropped, and its peer may connect again")
    func dropped() throws {
        let connections = ConnectionGuard(bounds, wakeup: try Wakeup())
        let router = try open(.router, .none, connections)
        let place = try router.bind(try Endpoint("tcp://127.0.0.1:0"))
        let peer = try open(.dealer, .none, nil)
        try peer.connect(place)
        try deliver([Frame("first")], to: peer)
        _ = try nextMessage(router)
        for _ in 0..<100 { try deliver([Frame(Array(repeating: 1, count: 4000))], to: peer) }
        try wait("a cut") { connections.cutCount == 1 }
        let other = try open(.dealer, .none, nil)
        try other.connect(place)
        try deliver([Frame("again")], to: other)
        var (dropped, isAgain) = (0, false)
        while dropped == 0 || !isAgain {
            switch try nextReceipt(router) {
            case .dropped: dropped += 1
            // The first peer connects again too, and sends what libzmq had not taken.
            case .message(let message): isAgain = isAgain || message.frames.last == Frame("again")
            case .refused, .nothing: break
            }
        }
    }

    @Test("new connections wait while too much of others is to be read")
    func paused() throws {
        var bounds = bounds
        bounds.unreadBytesMax = 1 << 30
        bounds.totalBytesMax = 512 << 10
        let connections = ConnectionGuard(bounds, wakeup: try Wakeup())
        let router = try open(.router, .none, connections)
        let place = try router.bind(try Endpoint("tcp://127.0.0.1:0"))
        let peer = try open(.dealer, .none, nil)
        try peer.connect(place)
        for _ in 0..<200 { try deliver([Frame(Array(repeating: 1, count: 4000))], to: peer) }
        try wait("a cut") { connections.cutCount == 1 }
        let other = try open(.dealer, .none, nil)
        try other.connect(place)
        #expect(try other.send([Frame("new")]) == .sent)
        try wait("the end of what was cut off") { connections.count == 0 }
        _ = try Wakeup().wait(for: .milliseconds(200))
        #expect(connections.isPaused && connections.count == 0)
        // The system of `other` tries again a second after its first try.
        var isNew = false
        while !isNew {
            if case .message(let message) = try nextReceipt(router) { isNew = message.frames.last == Frame("new") }
        }
        #expect(!connections.isPaused)
    }
}
