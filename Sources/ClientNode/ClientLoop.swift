import Cluster
import Foundation
import Logging
import Threads
import Wire
import ZeroMQ

/// The client's turn on its socket's thread: poll, receive, decide, send. Files are the desk's, on another thread.
struct ClientLoop: ~Copyable {
    private let socket: Socket
    private let poller: Poller
    private let events: Mailbox<ClientState.Event>
    private let desk: Mailbox<ClientEvent>
    private let stop: StopFlag
    private var state: ClientState
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let logger: Logger
    /// What libzmq had no room for yet; bounded by the job's window.
    private var outbox: [Envelope] = []
    private var hasEnded = false

    init(
        endpoint: Endpoint, configuration: ClientState.Configuration, events: Mailbox<ClientState.Event>,
        desk: Mailbox<ClientEvent>, wakeup: Wakeup, stop: StopFlag, logger: Logger
    ) throws(ZeroMQError) {
        socket = try Self.connect(to: endpoint)
        poller = Poller(wakeup: wakeup)
        self.events = events
        self.desk = desk
        self.stop = stop
        self.logger = logger
        start = clock.now
        state = ClientState(configuration, seed: UInt64.random(in: .min ... .max))
    }

    private static func connect(to endpoint: Endpoint) throws(ZeroMQError) -> Socket {
        var options = SocketOptions()
        options.frameBytesMax = Limits.messageBytesMax
        options.framesMax = Limits.framesMax
        options.sendHighWater = 10_000
        options.receiveHighWater = 10_000
        let socket = try Socket(.dealer, in: try Context(), options: options)
        try socket.connect(endpoint)
        return socket
    }

    private var now: Cluster.Instant { Cluster.Instant(clock.now - start) }

    mutating func run() throws(ZeroMQError) {
        try carryOut(state.handle(.started, at: now))
        while !hasEnded, !stop.isRaised {
            let wait = max(.zero, min(state.nextDeadline - now, .milliseconds(500)))
            // With words waiting, libzmq is asked again soon rather than never.
            _ = try poller.wait(socket, timeout: outbox.isEmpty ? wait : .milliseconds(5))
            for event in events.drain() { try carryOut(state.handle(event, at: now)) }
            try receive()
            if state.nextDeadline <= now { try carryOut(state.handle(.tick, at: now)) }
            try flush()
        }
    }

    private mutating func receive() throws(ZeroMQError) {
        while true {
            switch try socket.receive() {
            case .nothing: return
            case .refused(_, let frames, let bytes):
                logger.warning("message over the limits", metadata: ["frames": "\(frames)", "bytes": "\(bytes)"])
            case .message(let message):
                do throws(WireError) {
                    let envelope = try Envelope(rawFrames: message.frames.map(RawFrame.init))
                    hear(envelope)
                } catch {
                    logger.warning("message refused", metadata: ["reason": "\(error)"])
                }
                try flush()
            }
        }
    }

    private mutating func hear(_ envelope: Envelope) {
        note(state.handle(.received(envelope), at: now))
    }

    private mutating func carryOut(_ actions: [ClientState.Action]) throws(ZeroMQError) {
        note(actions)
        try flush()
    }

    private mutating func note(_ actions: [ClientState.Action]) {
        for action in actions {
            switch action {
            case .send(let envelope): outbox.append(envelope)
            case .openOutput(let model): tell(.openOutput(model))
            case .produce: tell(.produce)
            case .deliver(let answer): tell(.deliver(answer))
            case .showStatus(let status): tell(.status(status))
            case .finish:
                hasEnded = true
                tell(.finished)
            case .fail(let failure):
                hasEnded = true
                tell(.failed(failure))
            }
        }
    }

    private func tell(_ event: ClientEvent) {
        // The window bounds answers, and the desk is asked for one shard at a time: its mailbox has room for all.
        let outcome = desk.send(event)
        precondition(outcome != .full, "the client's window is larger than its desk's mailbox")
    }

    private mutating func flush() throws(ZeroMQError) {
        var sent = 0
        for envelope in outbox {
            guard try socket.send(ZeroMQ.Message(envelope.rawFrames.map(Frame.init))) == .sent else { break }
            sent += 1
        }
        if sent > 0 { outbox.removeFirst(sent) }
        if outbox.count > Self.outboxMax { outbox.removeFirst(outbox.count - Self.outboxMax) }
    }

    /// Far above a window's shards. What is dropped beyond it is submitted again when the coordinator asks.
    private static let outboxMax = 100_000
}
