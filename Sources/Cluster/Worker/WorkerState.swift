import DequeModule
import Scoring
import Wire

/// The worker's decisions: when to send, what to compute next, when to leave.
///
/// One piece is computed at a time, in the order received. The driver owns the socket and the inference thread: it
/// carries out `score` and answers with `computed`. Where a piece takes less time than a message to the inference
/// thread and back, the driver gets several `score` actions at once and computes one after the other. The last few
/// contexts are kept prepared.
public struct WorkerState: Sendable {
    private enum Phase: Equatable {
        /// Hello is sent, a Welcome is awaited.
        case introducing
        case registered
        /// Finishing the pieces held.
        case draining
        case gone
    }

    /// A piece that it holds.
    private struct HeldPiece {
        let piece: PieceName
        let context: Digest
        let content: ShardContent
        let received: Instant
    }

    private enum ContextPhase: Equatable {
        /// Requested.
        case wanted
        /// Received; the computation in progress is finished first.
        case waiting(ContextBlock)
        case preparing
        case ready
        /// It cannot be prepared; why.
        case failed(ContextFailure)
    }

    // MARK: State

    private let configuration: Configuration
    private var session: CoordinatorSession
    private var phase = Phase.introducing
    private var queue: Deque<HeldPiece> = []
    /// Pieces given to the driver to score: the first is being computed, the others are next, in order.
    private var running: Deque<HeldPiece> = []
    private var isPreparing = false
    /// A computation of a dismissed incarnation still runs. It may never end, so nothing is granted until it does.
    private var isStuck = false
    /// Contexts by use, the latest last.
    private var contexts: [(digest: Digest, phase: ContextPhase)] = []
    private var progress: UInt64 = 0
    /// Pieces that it wants to hold at its present speed, and the most that it has ever granted.
    private var pace = Limits.heldPiecesMin
    private var piecesGranted = Limits.heldPiecesMin
    /// How long the latest pieces took.
    private var pieceTimes: Deque<Duration> = []
    private static let pieceTimesMax = 8

    /// The pieces held are enough work for this long, which is longer than a round trip to the coordinator on a busy
    /// machine.
    private static let heldTime = Duration.milliseconds(5)

    /// Before `started`. `seed` must differ between runs of a process.
    public init(_ configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        session = CoordinatorSession(configuration.peer.timing, seed: seed)
    }

    /// Names this incarnation; a new one is drawn when the coordinator has declared it dead.
    public var incarnation: UInt64 { session.incarnation }

    // MARK: Events

    /// Decides. Cost: constant.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            session.received(at: now)
            introduce(at: now, &actions)
        case .received(let envelope):
            receive(envelope, at: now, &actions)
        case .progressed:
            progress += 1
        case .contextPrepared(let digest, let failure):
            isPreparing = false
            isStuck = false
            setContext(digest, failure.map { .failed($0) } ?? .ready)
            progress += 1
        case .computed(let piece, let answers, let faults, var times):
            setPace(times.embedded + times.predicted)
            if let known = running.first(where: { $0.piece == piece }) {
                times.queued = max(.zero, now - known.received - times.embedded - times.predicted)
            }
            finish(piece, answers, faults, times, at: now, &actions)
        case .modelUnavailable(let reason):
            leave(because: reason, &actions)
        case .drainRequested:
            drain(at: now, &actions)
        case .tick:
            tick(at: now, &actions)
        }
        startNext(at: now, &actions)
        leaveIfDrained(&actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant {
        phase == .introducing ? session.helloAt : session.heartbeatAt
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        session.received(at: now)
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            // A restarted coordinator does not know what was lent; clients submit it again.
            if session.enter(generation: envelope.generation) { queue.removeAll() }
            session.setHeartbeatInterval(welcome.heartbeatInterval)
            if phase == .introducing { phase = .registered }
            sendHeartbeat(at: now, &actions)
        case .refused(let reason, let message):
            phase = .gone
            actions.append(.exit(.refused(reason, message: message)))
        case .drain:
            drain(at: now, &actions)
        case .whoAreYou:
            if phase == .draining {
                // It does not know this worker, which accepts no more work: others get what is left.
                queue.removeAll()
            } else {
                introduce(at: now, &actions)
            }
        case .dismissed(let dismissed) where dismissed == incarnation:
            session.renewIncarnation()
            queue.removeAll()
            isStuck = !running.isEmpty || isPreparing
            if phase != .draining { introduce(at: now, &actions) }
        case .context(let context):
            if contextPhase(context.digest) == nil || contextPhase(context.digest) == .wanted {
                keep(context.digest, .waiting(context), &actions)
            }
        case .shard(let piece, let context, let content):
            append(HeldPiece(piece: piece, context: context, content: content, received: now), &actions)
        default:
            break  // A worker gets no other messages; an unknown one is ignored.
        }
    }

    // MARK: Work

    private mutating func append(_ held: HeldPiece, _ actions: inout [Action]) {
        let piece = held.piece
        guard !(running + queue).contains(where: { $0.piece == piece }) else { return }
        guard phase != .draining else { return send(.shardReturned(piece, .draining), &actions) }
        // Pieces whose lease has ended may still be here. So the worker checks its own bound.
        guard queue.count < piecesGranted else {
            return send(.shardReturned(piece, .overCredit), &actions)
        }
        queue.append(held)
        if let phase = contextPhase(held.context) {
            keep(held.context, phase, &actions)
        } else {
            keep(held.context, .wanted, &actions)
            send(.contextWanted(held.context), &actions)
        }
    }

    /// Starts the next computation when nothing runs, or a few when they are short: a context first, then the first
    /// pieces whose context is ready.
    private mutating func startNext(at now: Instant, _ actions: inout [Action]) {
        guard !isPreparing, phase != .gone else { return }
        if let place = contexts.firstIndex(where: { if case .waiting = $0.phase { true } else { false } }) {
            // What runs is finished first, and nothing else is started before the context.
            guard running.isEmpty, case .waiting(let block) = contexts[place].phase else { return }
            contexts[place].phase = .preparing
            isPreparing = true
            actions.append(.prepare(block))
            return
        }
        let runningMax = pace > Limits.heldPiecesMin ? pace : 1
        while running.count < runningMax, let next = queue.first {
            switch contextPhase(next.context) {
            case .ready:
                running.append(queue.removeFirst())
                actions.append(.score(next.piece, context: next.context, next.content))
            case .failed(let failure):
                queue.removeFirst()
                let faults = (0..<UInt32(next.piece.rows.count)).map {
                    RowFault(row: $0, code: failure.code, message: failure.message)
                }
                let answers = AnswerBlock(Array(repeating: nil, count: next.piece.rows.count))
                finish(next.piece, answers, faults, StageTimes(), at: now, &actions)
            default:
                return  // Its context has not arrived yet.
            }
        }
    }

    private mutating func finish(
        _ piece: PieceName, _ answers: AnswerBlock, _ faults: [RowFault], _ times: StageTimes, at now: Instant,
        _ actions: inout [Action]
    ) {
        if let place = running.firstIndex(where: { $0.piece == piece }) {
            running.remove(at: place)
            isStuck = false
        }
        progress += 1
        session.sent(at: now)
        send(
            .shardResult(
                ShardResult(
                    piece: piece, answers: answers, faults: faults, credit: grant, progress: progress, times: times)),
            &actions)
    }

    /// What is granted now: nothing while leaving, and nothing while a computation is stuck.
    private var grant: Credit {
        if phase == .draining || isStuck { return .none }
        var credit = configuration.credit
        credit.pieces = pace
        return credit
    }

    /// Records how long a piece took: the faster pieces are done, the more it wants to hold. The slowest of the latest ones counts, because
    /// a piece of one row says nothing about those of other jobs that have hundreds.
    private mutating func setPace(_ time: Duration) {
        // Zero means that nothing was measured.
        guard time > .zero else { return }
        pieceTimes.append(time)
        if pieceTimes.count > Self.pieceTimesMax { pieceTimes.removeFirst() }
        guard let slowest = pieceTimes.max() else { return }
        pace = Int(Self.heldTime / slowest).clamped(to: Limits.heldPieces)
        piecesGranted = max(piecesGranted, pace)
    }

    // MARK: Contexts

    private func contextPhase(_ digest: Digest) -> ContextPhase? {
        contexts.first { $0.digest == digest }?.phase
    }

    private mutating func setContext(_ digest: Digest, _ phase: ContextPhase) {
        guard let place = contexts.firstIndex(where: { $0.digest == digest }) else { return }
        contexts[place].phase = phase
    }

    /// Makes a context the latest used; forgets the least recently used ones that nothing needs.
    private mutating func keep(_ digest: Digest, _ phase: ContextPhase, _ actions: inout [Action]) {
        contexts.removeAll { $0.digest == digest }
        contexts.append((digest, phase))
        let needed = Set(queue.map(\.context) + running.map(\.context) + [digest])
        while contexts.count > WorkerSession.contextsMax,
            let place = contexts.firstIndex(where: { !needed.contains($0.digest) && $0.phase != .preparing })
        {
            actions.append(.forget(contexts.remove(at: place).digest))
        }
    }

    // MARK: Hello and heartbeats

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        session.sentHello(isRepetition: phase == .introducing, at: now)
        phase = .introducing
        let role = Hello.Role.worker(configuration.fingerprint, grant)
        send(
            .hello(
                Hello(
                    role: role, name: configuration.peer.name, incarnation: incarnation, readsSide: true,
                    readsRanges: configuration.readsRanges)),
            &actions)
    }

    private mutating func sendHeartbeat(at now: Instant, _ actions: inout [Action]) {
        session.sent(at: now)
        let held = running.map(\.piece) + queue.map(\.piece)
        send(
            .heartbeat(Heartbeat(incarnation: incarnation, credit: grant, progress: progress, held: held)),
            &actions)
    }

    private mutating func tick(at now: Instant, _ actions: inout [Action]) {
        if let silence = session.silence(at: now, limit: configuration.peer.abandonTime) {
            phase = .gone
            actions.append(.exit(.abandoned(after: silence)))
            return
        }
        switch phase {
        case .introducing:
            if session.isHelloDue(at: now) { introduce(at: now, &actions) }
        case .registered, .draining:
            if session.isHeartbeatDue(at: now) {
                sendHeartbeat(at: now, &actions)
                // A context that was requested and has not arrived: its message was lost.
                for context in contexts where context.phase == .wanted {
                    send(.contextWanted(context.digest), &actions)
                }
            }
        case .gone: break
        }
    }

    private mutating func drain(at now: Instant, _ actions: inout [Action]) {
        guard phase != .draining else { return }
        phase = .draining
        send(.drain, &actions)
        for waiting in queue { send(.shardReturned(waiting.piece, .draining), &actions) }
        queue.removeAll()
    }

    /// Returns what is computed and what waits, so that workers whose model answers can have it at once.
    private mutating func leave(because reason: String, _ actions: inout [Action]) {
        // First, so that nothing returned is lent to this worker again.
        if phase != .draining { send(.drain, &actions) }
        for held in running + queue { send(.shardReturned(held.piece, .draining), &actions) }
        running.removeAll()
        queue.removeAll()
        phase = .gone
        send(.bye, &actions)
        actions.append(.exit(.modelUnavailable(reason)))
    }

    private mutating func leaveIfDrained(_ actions: inout [Action]) {
        guard phase == .draining, running.isEmpty, queue.isEmpty else { return }
        phase = .gone
        send(.bye, &actions)
        actions.append(.exit(.drained))
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: session.generation, message)))
    }

    /// Invariants of a worker that do not hold, a sentence each; empty when all do.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        if queue.count > piecesGranted { broken.append("\(queue.count) pieces wait") }
        if running.count > Limits.heldPiecesMax { broken.append("\(running.count) pieces run") }
        if !running.isEmpty, isPreparing { broken.append("two computations at a time") }
        return broken
    }
}
