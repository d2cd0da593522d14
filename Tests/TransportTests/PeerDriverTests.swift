import Logging
import Scoring
import Synchronization
import TestSupport
import Testing
import Threads
import Transport
import Wire
import ZeroMQ

@Suite("PeerDriver: a peer's turns on a channel")
struct PeerDriverTests {
    /// Sends Hello, counts what it receives, and ends after the second answer or at its deadline.
    private struct CountingPeer: PeerDriver {
        var nextDeadline = Duration.seconds(60)
        var answers = 0
        var mailboxTurns = 0
        var deadlines = 0
        var isStarted = false
        let stop: StopFlag

        var hasEnded: Bool { answers == 2 || deadlines == 1 || stop.isRaised }

        mutating func handle(_ input: PeerInput, at now: Duration) -> [Envelope] {
            switch input {
            case .started:
                #expect(!isStarted && now == .zero)
                isStarted = true
                return [hello(1)]
            case .received(let envelope):
                answers += 1
                #expect(envelope.generation == 1)
                return [hello(UInt64(answers) + 1)]
            case .mailboxes:
                mailboxTurns += 1
                return []
            case .deadline:
                deadlines += 1
                #expect(now >= nextDeadline)
                return []
            }
        }

        private func hello(_ incarnation: UInt64) -> Envelope {
            Envelope(generation: 0, .hello(Hello(role: .client, name: "peer", incarnation: incarnation)))
        }
    }

    private let options = ChannelOptions(sendHighWater: 100, receiveHighWater: 100, outboxMax: 10)

    @Test("a peer starts, gets its messages, and the answers of its last turn are sent before the channel closes")
    func turns() throws {
        let received = SharedValue<[UInt64]>([])
        let coordinator = try LoopbackCoordinator { message, _ in
            guard case .hello(let hello) = message else { return [] }
            received.change { $0.append(hello.incarnation) }
            return [.whoAreYou]
        }
        var peer = CountingPeer(stop: StopFlag())
        do {
            var channel = try MessageChannel(
                connectingTo: coordinator.endpoint, options: options, wakeup: try Wakeup())
            try channel.run(&peer, logger: .quiet)
        }
        #expect(peer.isStarted && peer.answers == 2 && peer.mailboxTurns >= 1 && peer.deadlines == 0)
        #expect(waitUntil { received.value == [1, 2, 3] }, "\(received.value)")
        try coordinator.stop()
    }

    @Test("a deadline is handled when nothing arrives")
    func deadline() throws {
        let coordinator = try LoopbackCoordinator { _, _ in [] }
        var peer = CountingPeer(nextDeadline: .milliseconds(20), stop: StopFlag())
        var channel = try MessageChannel(connectingTo: coordinator.endpoint, options: options, wakeup: try Wakeup())
        try channel.run(&peer, logger: .quiet)
        #expect(peer.deadlines == 1)
        try coordinator.stop()
    }

    @Test("a stop flag and a wake-up end a peer that has nothing to do")
    func stops() throws {
        let coordinator = try LoopbackCoordinator { _, _ in [] }
        let (stop, wakeup) = (StopFlag(), try Wakeup())
        let endpoint = coordinator.endpoint
        let options = options
        let thread = try DedicatedThread.start(name: "peer") { announce throws(ZeroMQError) in
            var peer = CountingPeer(stop: stop)
            var channel = try MessageChannel(connectingTo: endpoint, options: options, wakeup: wakeup)
            announce(())
            try channel.run(&peer, logger: .quiet)
        }
        stop.raise()
        wakeup.signal()
        try thread.join()
        try coordinator.stop()
    }
}
