import Scoring
import TestSupport
import Testing
import Threads
import Transport
import Wire
import ZeroMQ

@Suite("MessageChannel: messages of the wire over ZeroMQ")
struct MessageChannelTests {
    private let options = ChannelOptions(sendHighWater: 100, receiveHighWater: 100, outboxMax: 10)

    /// The next arrival of a channel; throws `TestTimeout` when there is none.
    private func next(_ channel: borrowing MessageChannel) throws -> MessageChannel.Arrival {
        let deadline = ContinuousClock.now + testTimeout
        while ContinuousClock.now < deadline {
            if let arrival = try channel.receive() { return arrival }
            try channel.wait(for: .milliseconds(100))
        }
        throw TestTimeout(what: "a message")
    }

    private func nextMessage(_ channel: borrowing MessageChannel) throws -> (message: Wire.Message, sender: [UInt8]) {
        guard case .message(let envelope, _, let sender) = try next(channel) else {
            throw TestTimeout(what: "no refusal")
        }
        return (envelope.message, sender.routingID)
    }

    private func heartbeat(_ number: UInt64) -> Envelope {
        Envelope(generation: 7, .heartbeat(Heartbeat(incarnation: number)))
    }

    @Test(
        "messages pass in both directions, with the sender's id at the listening side",
        arguments: ["inproc", "ipc", "tcp"])
    func roundTrip(transport: String) throws {
        let folder = try ScratchFolder()
        let context = try Context()
        let place: Endpoint =
            switch transport {
            case "inproc": try Endpoint("inproc://channel")
            case "ipc": try Endpoint("ipc://\(folder.file("socket"))")
            default: try Endpoint("tcp://127.0.0.1:0")
            }
        let listening = try MessageChannel(
            listeningAt: [place], options: options, wakeup: try Wakeup(), context: context)
        let endpoint = try #require(listening.endpoints.first)
        #expect(!endpoint.isWildcard)
        var connecting = try MessageChannel(
            connectingTo: endpoint, options: options, wakeup: try Wakeup(), context: context)
        let texts = TextBlock(["a", "", String(repeating: "long ", count: 100_000)])
        let shard = SubmitShard(
            job: JobID(high: 1, low: 2), shard: 3, tokens: 4, affinity: 5, texts: texts)
        try connecting.send(Envelope(generation: 7, .submitShard(shard)))
        let (message, sender) = try nextMessage(listening)
        #expect(message == .submitShard(shard))
        #expect(!sender.isEmpty)
        #expect(try listening.send(Envelope(generation: 8, message), to: sender))
        let (answer, from) = try nextMessage(connecting)
        #expect(answer == .submitShard(shard))
        #expect(from.isEmpty)
        _ = folder
    }

    @Test("a message to a peer that is not there is not sent")
    func unroutable() throws {
        let listening = try MessageChannel(
            listeningAt: [try Endpoint("inproc://nobody")], options: options, wakeup: try Wakeup())
        #expect(try !listening.send(heartbeat(1), to: [1, 2, 3]))
    }

    @Test("the outbox keeps what libzmq does not accept, in order, and drops the oldest beyond its bound")
    func outbox() throws {
        let context = try Context()
        let place = try Endpoint("inproc://outbox")
        let small = ChannelOptions(sendHighWater: 2, receiveHighWater: 2, outboxMax: 3)
        let listening = try MessageChannel(listeningAt: [place], options: small, wakeup: try Wakeup(), context: context)
        var connecting = try MessageChannel(
            connectingTo: place, options: small, wakeup: try Wakeup(), context: context)
        // Over inproc, both high-water marks make one queue of 4 messages.
        for number in 1...10 { try connecting.send(heartbeat(UInt64(number))) }
        #expect(connecting.waitingCount == 3)
        var received: [UInt64] = []
        while received.count < 7 {
            guard case .heartbeat(let heartbeat) = try nextMessage(listening).message else { break }
            received.append(heartbeat.incarnation)
            // The first wait returns when the queue has space.
            try connecting.wait(for: .milliseconds(10))
            try connecting.flush()
        }
        #expect(received == [1, 2, 3, 4, 8, 9, 10])
        #expect(connecting.waitingCount == 0)
    }

    @Test("frames that are no message are refused, and the next message is received")
    func malformed() throws {
        let context = try Context()
        let place = try Endpoint("inproc://malformed")
        let listening = try MessageChannel(
            listeningAt: [place], options: options, wakeup: try Wakeup(), context: context)
        let dealer = try Socket(.dealer, in: context, options: SocketOptions())
        try dealer.connect(place)
        #expect(try dealer.send([Frame("not ours")]) == .sent)
        #expect(try dealer.send(Message([Frame](repeating: .empty, count: Limits.framesMax + 1))) == .sent)
        #expect(try dealer.send(Message(heartbeat(5).frames.map { Frame($0) })) == .sent)
        guard case .refused(.malformed(.notOurs)) = try next(listening) else {
            Issue.record("a frame without the magic number was accepted")
            return
        }
        guard case .refused(.tooLarge(let frames, _)) = try next(listening) else {
            Issue.record("too many frames were accepted")
            return
        }
        #expect(frames == Limits.framesMax + 2, "the routing id counts too")
        #expect(try nextMessage(listening).message == .heartbeat(Heartbeat(incarnation: 5)))
    }

    @Test("a wake-up ends a wait")
    func wakes() throws {
        let wakeup = try Wakeup()
        let listening = try MessageChannel(
            listeningAt: [try Endpoint("inproc://wakes")], options: options, wakeup: wakeup)
        wakeup.signal()
        let start = ContinuousClock.now
        try listening.wait(for: .seconds(60))
        #expect(ContinuousClock.now - start < testTimeout)
    }
}
