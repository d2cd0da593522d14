import Cluster
import Corpora
import Logging
import Threads
import Traces
import Transport
import Wire
import ZeroMQ

/// Runs the worker's state machine on the channel's thread. Sends commands to the inference thread and receives
/// results.
struct WorkerDriver: PeerDriver {
    private let events: Mailbox<WorkerState.Event>
    private let inference: InferenceThread
    private let endpoint: Endpoint
    private let logger: Logger
    private var state: WorkerState
    /// `nil` where nothing is traced.
    private var traces: WorkerTraces?
    private var ending: Result<Void, WorkerError>?

    init(
        _ configuration: WorkerNode.Configuration, inference: InferenceThread, events: Mailbox<WorkerState.Event>,
        logger: Logger
    ) {
        endpoint = configuration.coordinator
        self.events = events
        self.inference = inference
        self.logger = logger
        traces = configuration.tracer.map { WorkerTraces($0, worker: configuration.name) }
        var machine = WorkerState.Configuration(
            name: configuration.name, fingerprint: inference.fingerprint,
            credit: Credit(rows: configuration.creditRows, tokens: configuration.creditTokens))
        machine.peer.abandonTime = configuration.abandonTime
        machine.readsRanges = !configuration.dataRoots.isEmpty
        state = WorkerState(machine, seed: UInt64.random(in: .min ... .max))
    }

    var nextDeadline: Duration { state.nextDeadline.offset }
    var hasEnded: Bool { ending != nil }

    mutating func handle(_ input: PeerInput, at now: Duration) -> [Envelope] {
        let now = Instant(now)
        switch input {
        case .started: return carryOut(state.handle(.started, at: now))
        case .received(let envelope):
            traces?.received(envelope)
            return carryOut(state.handle(.received(envelope), at: now))
        case .deadline: return carryOut(state.handle(.tick, at: now))
        case .mailboxes: return events.drain().flatMap { carryOut(state.handle($0, at: now)) }
        }
    }

    /// Ends the inference thread after its running computation; throws why the worker left, unless it was asked to.
    func finish() throws(WorkerError) {
        _ = inference.send(.stop)
        try inference.join()
        try ending?.get()
    }

    private mutating func carryOut(_ actions: [WorkerState.Action]) -> [Envelope] {
        var envelopes: [Envelope] = []
        for action in actions {
            switch action {
            case .send(var envelope):
                traces?.sending(&envelope)
                envelopes.append(envelope)
            case .prepare(let block): _ = inference.send(.prepare(block))
            case .forget(let digest): _ = inference.send(.forget(digest))
            case .score(let piece, let context, let content):
                _ = inference.send(.score(piece, context: context, content))
            case .exit(let exit): leave(exit)
            }
        }
        return envelopes
    }

    private mutating func leave(_ exit: WorkerState.Exit) {
        switch exit {
        case .drained:
            let counts = inference.counts
            logger.info(
                "worker drained",
                metadata: ["texts_embedded": "\(counts.embedded)", "texts_cached": "\(counts.cached)"])
            ending = .success(())
        case .modelUnavailable(let reason): ending = .failure(.modelUnavailable(reason))
        case .refused(_, let message): ending = .failure(.refused(message))
        case .abandoned(let time): ending = .failure(.abandoned(after: time, endpoint: endpoint))
        }
    }
}
