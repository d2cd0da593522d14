import DequeModule
public import Scoring
public import Wire

/// The worker's decisions: when to speak, what to compute next, when to leave.
///
/// One thing is computed at a time, in the order received. The driver owns the socket and the inference thread; it is
/// told to `score` and says when that is done. Where a piece takes less than a word to the inference thread and back, it
/// is told of several at once, and does one after the other. Contexts are kept prepared, the last few of them.
public struct WorkerState: Sendable {
    /// What happened.
    public enum Event: Sendable {
        case started
        case received(Envelope)
        /// The inference thread has done a few prompts more.
        case progressed
        /// The context is prepared, or cannot be: then every row of its shards gets this error.
        case contextPrepared(Digest, failure: String?)
        case computed(PieceName, AnswerBlock, [RowFault], StageTimes)
        /// SIGTERM: finish what is in hand, take no more, leave.
        case drainRequested
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope)
        /// Fit a context; answer with `contextPrepared`.
        case prepare(ContextBlock)
        /// Free a prepared context.
        case forget(Digest)
        /// Score texts; answer with `computed`.
        case score(PieceName, context: Digest, TextBlock)
        /// Leave; the process ends.
        case exit(Exit)
    }

    /// Why the worker leaves.
    public enum Exit: Hashable, Sendable {
        case drained
        case refused(Refusal, message: String)
        /// No coordinator was heard for the time allowed.
        case abandoned(after: Duration)
    }

    /// Who the worker is and what it takes.
    public struct Configuration: Sendable {
        /// Stable over restarts.
        public var name: String
        /// What it predicts with.
        public var fingerprint: ModelFingerprint
        /// How much it takes in hand at a time.
        public var credit: Credit
        /// Its clocks until a Welcome sets them.
        public var timing = ClusterTiming.standard
        /// Without a word from a coordinator for this long, the worker leaves.
        public var abandonTime: Duration = .seconds(600)

        /// Describes a worker.
        public init(name: String, fingerprint: ModelFingerprint, credit: Credit) {
            self.name = name
            self.fingerprint = fingerprint
            self.credit = credit
        }
    }

    /// Where the worker stands with the coordinator.
    private enum Phase: Equatable {
        /// Said Hello, waiting for Welcome.
        case introducing(retryAt: Instant, pause: Duration)
        case registered
        /// Finishing what is in hand.
        case draining
        case gone
    }

    private struct Assignment {
        let piece: PieceName
        let context: Digest
        let texts: TextBlock
        let received: Instant
    }

    private enum ContextPhase: Equatable { case wanted, waiting(ContextBlock), preparing, ready, failed(String) }

    // MARK: State

    private let configuration: Configuration
    private var chance: SeededGenerator
    /// One life; a new one is drawn when the coordinator has declared this one dead.
    public private(set) var incarnation: UInt64
    private var phase: Phase
    private var generation: UInt64 = 0
    private var heartbeatInterval: Duration
    private var lastHeard: Instant?
    private var lastSpoke: Instant = .zero
    private var queue: Deque<Assignment> = []
    /// What the driver was told to score and has not: the first is being computed, the others are next, in order.
    private var running: Deque<Assignment> = []
    private var isPreparing = false
    /// A computation of a life that was dismissed is not over. It may never be, so nothing is granted behind it.
    private var isStuck = false
    /// Contexts by use, the latest last.
    private var contexts: [(digest: Digest, phase: ContextPhase)] = []
    private var progress: UInt64 = 0
    /// Pieces that it takes in hand at its present pace, and the most that it has ever granted.
    private var pace = Limits.piecesInHandMin
    private var piecesGranted = Limits.piecesInHandMin

    /// Pieces in hand are enough work for so long: above a message's way there and back on a busy machine.
    private static let inHandTime = Duration.milliseconds(5)

    /// Before `started`. `seed` must differ between lives of a process.
    public init(_ configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        chance = SeededGenerator(seed: seed)
        incarnation = chance.next()
        heartbeatInterval = configuration.timing.heartbeatInterval
        phase = .introducing(retryAt: .zero, pause: configuration.timing.heartbeatInterval)
    }

    // MARK: Events

    /// Decides. Cost: constant.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            lastHeard = now
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
            if let assignment = running.first(where: { $0.piece == piece }) {
                times.queued = max(.zero, now - assignment.received - times.embedded - times.predicted)
            }
            finish(piece, answers, faults, times, at: now, &actions)
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
        switch phase {
        case .introducing(let retryAt, _): retryAt
        default: lastSpoke + heartbeatInterval
        }
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        lastHeard = now
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            if envelope.generation != generation {
                // Another life of the coordinator knows nothing of what was lent; clients submit it again.
                generation = envelope.generation
                queue.removeAll()
            }
            heartbeatInterval = welcome.heartbeatInterval
            if case .introducing = phase { phase = .registered }
            beat(at: now, &actions)
        case .refused(let reason, let message):
            phase = .gone
            actions.append(.exit(.refused(reason, message: message)))
        case .whoAreYou:
            if phase == .draining {
                // It knows nothing of us and we want nothing more: what is left goes elsewhere.
                queue.removeAll()
            } else {
                introduce(at: now, &actions)
            }
        case .dismissed(let dismissed) where dismissed == incarnation:
            incarnation = chance.next()
            queue.removeAll()
            isStuck = !running.isEmpty || isPreparing
            if phase != .draining { introduce(at: now, &actions) }
        case .context(let context):
            if contextPhase(context.digest) == nil || contextPhase(context.digest) == .wanted {
                keep(context.digest, .waiting(context), &actions)
            }
        case .shard(let piece, let context, let texts):
            take(Assignment(piece: piece, context: context, texts: texts, received: now), &actions)
        default:
            break  // Nothing else is said to a worker, and what is not understood is ignored.
        }
    }

    // MARK: Work

    private mutating func take(_ assignment: Assignment, _ actions: inout [Action]) {
        let piece = assignment.piece
        guard !(running + queue).contains(where: { $0.piece == piece }) else { return }
        guard phase != .draining else { return send(.shardReturned(piece, .draining), &actions) }
        // The coordinator counts what it lent; what it took back may still be here. The bound is ours to keep.
        guard queue.count < piecesGranted else {
            return send(.shardReturned(piece, .overCredit), &actions)
        }
        queue.append(assignment)
        if let phase = contextPhase(assignment.context) {
            keep(assignment.context, phase, &actions)
        } else {
            keep(assignment.context, .wanted, &actions)
            send(.contextWanted(assignment.context), &actions)
        }
    }

    /// Starts the next computation when nothing runs, or a few when they are short: a context first, then the first
    /// pieces whose context is ready.
    private mutating func startNext(at now: Instant, _ actions: inout [Action]) {
        guard !isPreparing, phase != .gone else { return }
        if let place = contexts.firstIndex(where: { if case .waiting = $0.phase { true } else { false } }) {
            // What runs is finished first, and nothing is put before the context.
            guard running.isEmpty, case .waiting(let block) = contexts[place].phase else { return }
            contexts[place].phase = .preparing
            isPreparing = true
            actions.append(.prepare(block))
            return
        }
        let runningMax = pace > Limits.piecesInHandMin ? pace : 1
        while running.count < runningMax, let next = queue.first {
            switch contextPhase(next.context) {
            case .ready:
                running.append(queue.removeFirst())
                actions.append(.score(next.piece, context: next.context, next.texts))
            case .failed(let message):
                queue.removeFirst()
                let faults = (0..<next.piece.rows).map {
                    RowFault(row: $0, code: "context_failed", message: message)
                }
                let answers = AnswerBlock(Array(repeating: nil, count: Int(next.piece.rows)))
                finish(next.piece, answers, faults, StageTimes(), at: now, &actions)
            default:
                return  // Its context is on the way.
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
        lastSpoke = now
        send(
            .shardResult(
                ShardResult(
                    piece: piece, answers: answers, faults: faults, credit: grant, progress: progress, times: times)),
            &actions)
    }

    /// What is granted now: nothing while leaving, and nothing that would wait behind a stuck computation.
    private var grant: Credit {
        if phase == .draining || isStuck { return .none }
        var credit = configuration.credit
        credit.pieces = pace
        return credit
    }

    /// Notes how long a piece took: the faster they are done, the more are wanted in hand.
    private mutating func setPace(_ time: Duration) {
        // Nothing measured, nothing changed.
        guard time > .zero else { return }
        pace = min(max(Int(Self.inHandTime / time), Limits.piecesInHandMin), Limits.piecesInHandMax)
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

    /// Makes a context the latest used; the least lately used one that nothing needs makes room.
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

    // MARK: Speaking

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        var pause = configuration.timing.heartbeatInterval
        if case .introducing(_, let former) = phase { pause = min(former * 2, .seconds(32)) }
        // Jitter, so that a thousand workers do not come back in the same instant.
        phase = .introducing(retryAt: now + pause * (0.75 + 0.5 * chance.unit()), pause: pause)
        lastSpoke = now
        send(
            .hello(
                Hello(
                    role: .worker(configuration.fingerprint, grant), name: configuration.name,
                    incarnation: incarnation)), &actions)
    }

    private mutating func beat(at now: Instant, _ actions: inout [Action]) {
        lastSpoke = now
        let inHand = running.map(\.piece) + queue.map(\.piece)
        send(
            .heartbeat(Heartbeat(incarnation: incarnation, credit: grant, progress: progress, inHand: inHand)),
            &actions)
    }

    private mutating func tick(at now: Instant, _ actions: inout [Action]) {
        if let lastHeard, now - lastHeard >= configuration.abandonTime {
            phase = .gone
            actions.append(.exit(.abandoned(after: now - lastHeard)))
            return
        }
        switch phase {
        case .introducing(let retryAt, _):
            if now >= retryAt { introduce(at: now, &actions) }
        case .registered, .draining:
            if now - lastSpoke >= heartbeatInterval {
                beat(at: now, &actions)
                // A context asked for and not come: its message was lost.
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
        for assignment in queue { send(.shardReturned(assignment.piece, .draining), &actions) }
        queue.removeAll()
    }

    private mutating func leaveIfDrained(_ actions: inout [Action]) {
        guard phase == .draining, running.isEmpty, queue.isEmpty else { return }
        phase = .gone
        send(.bye, &actions)
        actions.append(.exit(.drained))
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message)))
    }

    /// What is always true of a worker; each sentence found broken.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        if queue.count > piecesGranted { broken.append("\(queue.count) pieces wait") }
        if running.count > Limits.piecesInHandMax { broken.append("\(running.count) pieces run") }
        if !running.isEmpty, isPreparing { broken.append("two computations at a time") }
        return broken
    }
}
