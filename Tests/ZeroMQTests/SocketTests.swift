import TestSupport
import Testing
import Threads
import ZeroMQ

@Suite("sockets")
struct SocketTests {
    @Test("a message returns with the same frames, also empty ones and 5 MB ones", arguments: ["inproc", "ipc", "tcp"])
    func roundTrip(transport: String) throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let asked: Endpoint =
            switch transport {
            case "inproc": try Endpoint("inproc://round-trip")
            case "ipc": try folder.endpoint("round-trip")
            default: try Endpoint("tcp://localhost:0")
            }
        let large = Frame((0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
        let message: Message = [.empty, Frame("small"), large, .empty, Frame([0, 255, 0])]

        let router = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try router.bind(asked)
        #expect(!endpoint.isWildcard && endpoint.isLocal)
        let dealer = try Socket(.dealer, in: context, options: SocketOptions())
        try dealer.connect(endpoint)
        try deliver(message, to: dealer)

        let received = try nextMessage(router)
        #expect(Array(received.frames.dropFirst()) == message.frames)
        #expect(try router.send(received) == .sent)
        #expect(try nextMessage(dealer) == message)
        #expect(try dealer.receive() == .nothing)
    }

    @Test("a message for a peer that never connected is unroutable")
    func unroutable() throws {
        let context = try Context()
        let router = try Socket(.router, in: context, options: SocketOptions())
        _ = try router.bind(try Endpoint("inproc://unroutable"))
        #expect(try router.send([Frame("nobody"), .empty, Frame("hello")]) == .unroutable)
    }

    @Test("a message for a peer that has left becomes unroutable")
    func gone() throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let router = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try router.bind(try folder.endpoint("gone"))
        let peer = try helloFromShortLivedDealer(to: router, at: endpoint, in: context)
        let poller = Poller(wakeup: try Wakeup())
        let deadline = ContinuousClock.now + testTimeout
        var outcome = try router.send([peer, Frame("still there?")])
        while outcome != .unroutable && ContinuousClock.now < deadline {
            _ = try poller.wait(router, timeout: .milliseconds(5))
            outcome = try router.send([peer, Frame("still there?")])
        }
        #expect(outcome == .unroutable)
    }

    @Test("a restarted peer counts as a new peer and gets an answer")
    func restarted() throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let router = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try router.bind(try folder.endpoint("restarted"))
        let firstLife = try helloFromShortLivedDealer(to: router, at: endpoint, in: context)

        let dealer = try Socket(.dealer, in: context, options: SocketOptions())
        try dealer.connect(endpoint)
        try deliver([Frame("hello again")], to: dealer)
        let secondLife = try #require(try nextMessage(router).frames.first)
        #expect(secondLife != firstLife)
        #expect(try router.send([secondLife, Frame("welcome")]) == .sent)
        #expect(try nextMessage(dealer) == [Frame("welcome")])
    }

    @Test("a router receives messages under the routing id that the peer chose")
    func routingID() throws {
        let context = try Context()
        let router = try Socket(.router, in: context, options: SocketOptions())
        let endpoint = try router.bind(try Endpoint("inproc://named"))
        var options = SocketOptions()
        options.routingID = Array("worker-7".utf8)
        let dealer = try Socket(.dealer, in: context, options: options)
        try dealer.connect(endpoint)
        try deliver([Frame("hello")], to: dealer)
        #expect(try nextMessage(router) == [Frame("worker-7"), Frame("hello")])
    }

    @Test("messages of a peer can still be read after it has left")
    func lastWords() throws {
        let folder = try ScratchFolder()
        let endpoint = try folder.endpoint("last")
        let dealer = try Socket(.dealer, in: try Context(), options: SocketOptions())
        try dealer.connect(endpoint)
        try sayManyThingsAndGo(at: endpoint, hearing: dealer)
        for number in 0..<500 { try #require(try nextMessage(dealer) == [Frame("\(number)")]) }
    }

    @Test("ten thousand round trips over ipc complete, in order")
    func manyRoundTrips() throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let asked = try folder.endpoint("many")
        let count = 10_000
        let echo = try DedicatedThread.start(name: "echo") { (announce: (Endpoint) -> Void) in
            let router = try Socket(.router, in: context, options: SocketOptions())
            announce(try router.bind(asked))
            for _ in 0..<count { try deliver(try nextMessage(router), to: router) }
        }
        let dealer = try Socket(.dealer, in: context, options: SocketOptions())
        try dealer.connect(echo.announcement)
        var sent = 0
        for received in 0..<count {
            while sent < min(count, received + 256) {
                try deliver([Frame("\(sent)")], to: dealer)
                sent += 1
            }
            try #require(try nextMessage(dealer) == [Frame("\(received)")])
        }
        try echo.join()
    }

    /// A router of another context sends 500 messages; when this returns all are sent and the context is gone.
    private func sayManyThingsAndGo(at endpoint: Endpoint, hearing dealer: borrowing Socket) throws {
        let router = try Socket(.router, in: try Context(), options: SocketOptions())
        _ = try router.bind(endpoint)
        try deliver([Frame("hello")], to: dealer)
        let peer = try #require(try nextMessage(router).frames.first)
        for number in 0..<500 { #expect(try router.send([peer, Frame("\(number)")]) == .sent) }
    }

    /// A dealer sends hello and is closed; returns its routing id.
    private func helloFromShortLivedDealer(
        to router: borrowing Socket, at endpoint: Endpoint, in context: Context
    ) throws -> Frame {
        let dealer = try Socket(.dealer, in: context, options: SocketOptions())
        try dealer.connect(endpoint)
        try deliver([Frame("hello")], to: dealer)
        return try #require(try nextMessage(router).frames.first)
    }
}
