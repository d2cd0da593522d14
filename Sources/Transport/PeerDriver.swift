public import Logging
public import Wire
public import ZeroMQ

/// A peer of a coordinator (worker, rollout worker, client): decides by its state machine, acts beside the channel.
///
/// `MessageChannel.run` calls it on the channel's thread, so nothing in it may wait or compute for long.
public protocol PeerDriver: ~Copyable {
    /// When `handle(.deadline)` is due, as time since the start.
    var nextDeadline: Duration { get }
    /// Whether the peer has ended; nothing is handled after that.
    var hasEnded: Bool { get }
    /// Handles what happened, and returns the messages to send, in order. `now` is the time since the start.
    mutating func handle(_ input: PeerInput, at now: Duration) -> [Envelope]
}

/// What a `PeerDriver` handles.
public enum PeerInput: Sendable {
    /// The channel is open. Sent first, once.
    case started
    /// A message from the coordinator.
    case received(Envelope)
    /// Its mailboxes may have elements. Sent once a turn.
    case mailboxes
    /// `nextDeadline` has passed.
    case deadline
}

extension MessageChannel {
    /// Runs a peer on a connecting channel until it has ended: wait, mailboxes, messages, deadline, send.
    ///
    /// Messages that cannot be read are logged and dropped; a silent coordinator is logged, too. Throws what the socket throws.
    public mutating func run(
        _ driver: inout some PeerDriver & ~Copyable, logger: Logger
    ) throws(ZeroMQError) {
        let clock = ContinuousClock()
        let start = clock.now
        var notices = SilenceNotices()
        try send(driver.handle(.started, at: .zero))
        while !driver.hasEnded {
            let rest = driver.nextDeadline - (clock.now - start)
            try wait(for: max(.zero, min(rest, .milliseconds(500))))
            try send(driver.handle(.mailboxes, at: clock.now - start))
            while !driver.hasEnded, let arrival = try receive() {
                switch arrival {
                case .message(let envelope, _, _):
                    let now = clock.now - start
                    notices.received(at: now).map { log($0, logger) }
                    try send(driver.handle(.received(envelope), at: now))
                case .refused(let refusal): logger.log(refusal)
                case .undecoded, .dropped: break  // Only where the channel's options ask for it.
                }
            }
            let now = clock.now - start
            notices.notice(at: now).map { log($0, logger) }
            if !driver.hasEnded, driver.nextDeadline <= now { try send(driver.handle(.deadline, at: now)) }
            try flush()
        }
    }

    /// At a level that is shown by default: without it, a wrong address looks like a slow start.
    private func log(_ notice: SilenceNotices.Notice, _ logger: Logger) {
        let address: Logger.MetadataValue = "\(remote.map(\.description) ?? "")"
        switch notice {
        case .silent(let time):
            logger.warning(
                "no message from the coordinator; is it there, is the address right, and does it ask for a key (--key)?",
                metadata: ["address": address, "seconds": "\(time.components.seconds)"])
        case .over(let time):
            logger.notice(
                "the coordinator answers again",
                metadata: ["address": address, "seconds": "\(time.components.seconds)"])
        }
    }

    private mutating func send(_ envelopes: [Envelope]) throws(ZeroMQError) {
        for envelope in envelopes { try send(envelope) }
    }
}
