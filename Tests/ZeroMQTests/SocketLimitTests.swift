import TestSupport
import Testing
import Threads
import ZeroMQ

@Suite("limits of sockets")
struct SocketLimitTests {
    @Test("a full queue answers wouldBlock and keeps nothing of the message")
    func highWater() throws {
        let context = try Context()
        var options = SocketOptions()
        options.sendHighWater = 2
        options.receiveHighWater = 3
        let pull = try Socket(.pull, in: context, options: options)
        let endpoint = try pull.bind(try Endpoint("inproc://full"))
        let push = try Socket(.push, in: context, options: options)
        #expect(try push.send([Frame("to nobody")]) == .wouldBlock)
        try push.connect(endpoint)

        var taken = 0
        while try push.send([Frame("\(taken)"), Frame("second frame")]) == .sent { taken += 1 }
        // Over inproc both high-water marks make one queue.
        #expect(taken == 5)
        for number in 0..<taken {
            #expect(try nextMessage(pull) == [Frame("\(number)"), Frame("second frame")])
        }
        #expect(try pull.receive() == .nothing)
        try deliver([Frame("room again")], to: push)
        #expect(try nextMessage(pull) == [Frame("room again")])
    }

    @Test("a router learns that one peer's queue is full, and still reaches the other")
    func highWaterOfOnePeer() throws {
        let context = try Context()
        var options = SocketOptions()
        options.sendHighWater = 2
        options.receiveHighWater = 2
        let router = try Socket(.router, in: context, options: options)
        let endpoint = try router.bind(try Endpoint("inproc://one-full"))
        options.routingID = Array("slow".utf8)
        let slow = try Socket(.dealer, in: context, options: options)
        options.routingID = Array("quick".utf8)
        let quick = try Socket(.dealer, in: context, options: options)
        try slow.connect(endpoint)
        try quick.connect(endpoint)
        try deliver([Frame("hello")], to: slow)
        try deliver([Frame("hello")], to: quick)
        _ = try nextMessage(router)
        _ = try nextMessage(router)

        var taken = 0
        while try router.send([Frame("slow"), Frame("\(taken)")]) == .sent { taken += 1 }
        #expect(taken == 4)
        #expect(try router.send([Frame("slow"), Frame("more")]) == .wouldBlock)
        #expect(try router.send([Frame("quick"), Frame("work")]) == .sent)
        #expect(try nextMessage(quick) == [Frame("work")])
        for number in 0..<taken { #expect(try nextMessage(slow) == [Frame("\(number)")]) }
    }

    @Test("a peer that sends too large a frame is disconnected, and may connect again", arguments: ["ipc", "tcp"])
    func oversizedOnTheWire(transport: String) throws {
        let folder = try ScratchFolder()
        let context = try Context()
        var strict = SocketOptions()
        strict.frameBytesMax = 1000
        let router = try Socket(.router, in: context, options: strict)
        let endpoint = try router.bind(
            transport == "ipc" ? try folder.endpoint("large") : try Endpoint("tcp://127.0.0.1:0"))
        var options = SocketOptions()
        options.reconnectInterval = .milliseconds(5)
        options.reconnectIntervalMax = .milliseconds(20)
        let dealer = try Socket(.dealer, in: context, options: options)
        try dealer.connect(endpoint)
        try deliver([Frame("before")], to: dealer)
        let before = try nextMessage(router)
        try deliver([Frame([UInt8](repeating: 1, count: 1001))], to: dealer)

        // A message soon after it may be lost with the connection, so it is sent until it arrives.
        let poller = Poller(wakeup: try Wakeup())
        let deadline = ContinuousClock.now + testTimeout
        var after = Socket.Receipt.nothing
        while after == .nothing && ContinuousClock.now < deadline {
            _ = try dealer.send([Frame("after")])
            _ = try poller.wait(router, timeout: .milliseconds(5))
            after = try router.receive()
        }
        guard case .message(let message) = after else { throw TestTimeout(what: "a message; there was \(after)") }
        #expect(message.frames.last == Frame("after"))
        #expect(message.frames.first != before.frames.first, "a new connection has a new routing id")
    }

    @Test("over inproc, a frame that is too large is refused at receive")
    func oversizedInProcess() throws {
        let context = try Context()
        var strict = SocketOptions()
        strict.frameBytesMax = 1000
        let pull = try Socket(.pull, in: context, options: strict)
        let endpoint = try pull.bind(try Endpoint("inproc://large"))
        let push = try Socket(.push, in: context, options: SocketOptions())
        try push.connect(endpoint)
        try deliver([Frame("head"), Frame([UInt8](repeating: 1, count: 1001)), Frame("tail")], to: push)
        try deliver([Frame([UInt8](repeating: 1, count: 1000))], to: push)
        #expect(try nextReceipt(pull) == .refused(first: Frame("head"), frames: 3, bytes: 1009))
        #expect(try nextMessage(pull).byteCount == 1000)
    }

    @Test("a message of too many frames is refused with its sender's id, and the next one is received")
    func tooManyFrames() throws {
        let folder = try ScratchFolder()
        let context = try Context()
        var strict = SocketOptions()
        strict.framesMax = 4
        let router = try Socket(.router, in: context, options: strict)
        let endpoint = try router.bind(try folder.endpoint("frames"))
        var generous = SocketOptions()
        generous.framesMax = 100_000
        generous.routingID = Array("talker".utf8)
        let dealer = try Socket(.dealer, in: context, options: generous)
        try dealer.connect(endpoint)
        try deliver(Message([Frame](repeating: Frame("xy"), count: 50_000)), to: dealer)
        try deliver([Frame("a"), Frame("b"), Frame("c")], to: dealer)
        #expect(try nextReceipt(router) == .refused(first: Frame("talker"), frames: 50_001, bytes: 100_006))
        #expect(try nextMessage(router) == [Frame("talker"), Frame("a"), Frame("b"), Frame("c")])
    }

    @Test("a message over the limits is refused before any part of it is sent")
    func ownMessageTooLarge() throws {
        let context = try Context()
        var options = SocketOptions()
        options.framesMax = 2
        options.frameBytesMax = 10
        let pull = try Socket(.pull, in: context, options: SocketOptions())
        let endpoint = try pull.bind(try Endpoint("inproc://own"))
        let push = try Socket(.push, in: context, options: options)
        try push.connect(endpoint)
        let error = #expect(throws: ZeroMQError.self) { try push.send([.empty, Frame("12345678901")]) }
        #expect(
            error == .messageTooLarge(frames: 2, framesMax: 2, frameBytes: 11, frameBytesMax: 10))
        #expect(throws: ZeroMQError.self) { try push.send([.empty, .empty, .empty]) }
        try deliver([Frame("1234567890")], to: push)
        #expect(try nextMessage(pull) == [Frame("1234567890")])
    }

    @Test("an option without a bound is refused by name")
    func options() throws {
        func refusedName(_ change: (inout SocketOptions) -> Void) -> String? {
            var options = SocketOptions()
            change(&options)
            do throws(ZeroMQError) {
                try options.validate()
                return nil
            } catch {
                guard case .optionOutOfRange(let name, _, _) = error else { return "\(error)" }
                return name
            }
        }
        #expect(refusedName { _ in } == nil)
        #expect(refusedName { $0.sendHighWater = 0 } == "sendHighWater")
        #expect(refusedName { $0.receiveHighWater = 0 } == "receiveHighWater")
        #expect(refusedName { $0.frameBytesMax = -1 } == "frameBytesMax")
        #expect(refusedName { $0.framesMax = 0 } == "framesMax")
        #expect(refusedName { $0.linger = .milliseconds(-1) } == "linger")
        #expect(refusedName { $0.heartbeatInterval = .zero } == "heartbeatInterval")
        #expect(refusedName { $0.heartbeatTTL = .milliseconds(99) } == "heartbeatTTL")
        #expect(refusedName { $0.handshakeTimeout = .zero } == "handshakeTimeout")
        #expect(refusedName { $0.reconnectIntervalMax = $0.reconnectInterval } == "reconnectIntervalMax")
        #expect(refusedName { $0.routingID = [] } == "routingID")
        #expect(refusedName { $0.routingID = [0, 1] } == "routingID")
        #expect(refusedName { $0.routingID = [UInt8](repeating: 1, count: 256) } == "routingID")
    }
}
