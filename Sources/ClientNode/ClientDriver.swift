import Cluster
import Threads
import Traces
import Transport
import Wire

/// Runs the client's state machine on the channel's thread. Files belong to another thread: its writer.
struct ClientDriver: PeerDriver {
    private let fromWriter: Mailbox<ClientState.Event>
    private let toWriter: Mailbox<ClientEvent>
    private let stop: StopFlag
    private var state: ClientState
    private var isFinished = false
    /// `nil` where nothing is traced.
    private var traces: ClientTraces?

    init(
        _ configuration: ClientState.Configuration, fromWriter: Mailbox<ClientState.Event>,
        toWriter: Mailbox<ClientEvent>, stop: StopFlag, run: Span?
    ) {
        traces = run.map { ClientTraces($0) }
        self.fromWriter = fromWriter
        self.toWriter = toWriter
        self.stop = stop
        state = ClientState(configuration, seed: UInt64.random(in: .min ... .max))
    }

    var nextDeadline: Duration { state.nextDeadline.offset }
    var hasEnded: Bool { isFinished || stop.isRaised }

    mutating func handle(_ input: PeerInput, at now: Duration) -> [Envelope] {
        let now = Instant(now)
        switch input {
        case .started: return carryOut(state.handle(.started, at: now))
        case .received(let envelope):
            traces?.received(envelope.message)
            return carryOut(state.handle(.received(envelope), at: now))
        case .deadline: return carryOut(state.handle(.tick, at: now))
        case .mailboxes: return fromWriter.drain().flatMap { carryOut(state.handle($0, at: now)) }
        }
    }

    private mutating func carryOut(_ actions: [ClientState.Action]) -> [Envelope] {
        var envelopes: [Envelope] = []
        for action in actions {
            switch action {
            case .send(var envelope):
                traces?.sending(&envelope)
                envelopes.append(envelope)
            case .openOutput, .produce, .deliver, .showStatus, .quarantined: notifyWriter(action)
            case .finish, .fail:
                isFinished = true
                notifyWriter(action)
            }
        }
        return envelopes
    }

    private func notifyWriter(_ action: ClientState.Action) {
        // The window bounds answers, and one shard is requested at a time, so all fit into the mailbox.
        let outcome = toWriter.send(.action(action))
        precondition(outcome != .full, "the client's window is larger than its writer's mailbox")
    }
}
