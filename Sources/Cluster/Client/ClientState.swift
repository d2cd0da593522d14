import DequeModule
import Scoring
import Wire

/// A scoring client's decisions: it opens a job, submits shards as the window allows, delivers answers, confirms what
/// is durable and closes the job.
///
/// The client owns input and output, so it can start again from the first shard that is not durable.
public struct ClientState: Sendable {
    private enum Phase: Equatable {
        /// Hello is sent; a Welcome that names the cluster's model is awaited. There is none before the first worker.
        case introducing
        /// The driver opens the output folder.
        case preparing
        /// The job is submitted; its acceptance is awaited.
        case opening(retryAt: Instant)
        case streaming
        /// Everything is durable, or the job is given up; the coordinator's answer to closing the job is awaited.
        case closing(retryAt: Instant, retries: Int)
        case gone
    }

    /// A shard that is delivered: its rows, and for each run of them the identities of all that computed it.
    private struct Delivered {
        let rows: Int
        let workers: [Set<String>]
    }

    // MARK: State

    private let configuration: Configuration
    private var session: CoordinatorSession
    private var phase = Phase.introducing
    private var lastProgress: Instant = .zero
    private var windowRows = 0
    private var windowTokens = 0
    // Thousands of shards may be in the window, added and removed in any order. So these dictionaries keep no order,
    // and are sorted where the order is visible.

    /// Submitted, unanswered.
    private var unanswered: [UInt32: SubmitShard] = [:]
    /// Shards delivered and not durable.
    private var delivered: [UInt32: Delivered] = [:]
    /// Workers that others contradict.
    private var quarantined: Set<String> = []
    private var rowsUnconfirmed = 0
    /// Estimated tokens submitted and not answered.
    private var tokensSubmitted = 0
    private var confirmedBelow: UInt32 = 0
    /// Rows of the input, and of the shards below `confirmedBelow`; the coordinator shows them to people.
    private var rowsTotal = 0
    private var rowsConfirmed = 0
    private var model: ModelFingerprint?
    private var job: JobID?
    /// Shards of the whole corpus, once known.
    private var shardCount: UInt32?
    /// Shards requested from the writer and not yet received.
    private var producing = 0
    /// Shards in `unanswered` that are not submitted yet, because the window was full of tokens, in order.
    private var heldBack: Deque<UInt32> = []

    /// Before `started`.
    public init(_ configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        session = CoordinatorSession(configuration.peer.timing, seed: seed)
    }

    // MARK: Events

    /// Decides. Cost: constant, except for resuming a job after an interruption.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            session.received(at: now)
            introduce(at: now, &actions)
        case .received(let envelope):
            session.received(at: now)
            receive(envelope, at: now, &actions)
        case .surveyed(let rows, let durable):
            rowsTotal = rows
            rowsConfirmed = durable
        case .ready(let id, let firstShard):
            job = id
            confirmedBelow = firstShard
            if phase == .preparing { open(at: now, &actions) }
        case .shardReady(let shard):
            producing = max(0, producing - 1)
            append(shard, at: now, &actions)
        case .inputEnded(let shards):
            // All other requested shards get the same answer.
            producing = 0
            shardCount = shards
        case .durable(let below):
            confirm(below: below, &actions)
        case .givenUp:
            guard let job else { return [] }
            close(job, at: now, &actions)
        case .tick:
            tick(at: now, &actions)
        }
        produceIfWanted(&actions)
        closeIfDone(at: now, &actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant {
        switch phase {
        case .introducing: min(session.helloAt, session.heartbeatAt)
        case .opening(let retryAt), .closing(let retryAt, _): min(retryAt, session.heartbeatAt)
        case .preparing, .streaming, .gone: session.heartbeatAt
        }
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == session.incarnation:
            guard welcome.readsSide || configuration.context.schema.isEmpty else {
                let message =
                    "the coordinator is of a version without references and covariates; update it, or leave them out"
                return fail(.refused(.protocolVersion, message: message), &actions)
            }
            guard welcome.readsRanges || !configuration.sendsRanges else {
                let message =
                    "the coordinator is of a version in which workers read no rows themselves; update it, or leave out "
                    + "--workers-read"
                return fail(.refused(.protocolVersion, message: message), &actions)
            }
            guard welcome.verifies || configuration.verify == 0 else {
                let message = "the coordinator is of a version that verifies nothing; update it, or leave out --verify"
                return fail(.refused(.protocolVersion, message: message), &actions)
            }
            session.enter(generation: envelope.generation)
            if let model = welcome.fingerprint { receive(model, at: now, &actions) }
        case .refused(let reason, let message):
            fail(.refused(reason, message: message), &actions)
        case .whoAreYou:
            // While closing, all is durable: Hello is enough, so that the next try to close may succeed. Waiting for a
            // model, or failing because it is another one, would keep a finished job open.
            if case .closing = phase { sendHello(&actions) } else { introduce(at: now, &actions) }
        case .jobAccepted(let accepted) where accepted.job == job:
            resume(accepted, at: now, &actions)
        case .jobRefused(let refused, let reason, let message) where refused == job:
            fail(.jobRefused(reason, message: message), &actions)
        case .shardAnswer(let answer) where answer.job == job:
            deliver(answer, at: now, &actions)
        case .clusterStatus(let status):
            actions.append(.showStatus(status))
        case .jobClosed(let closed) where closed == job:
            guard case .closing = phase else { return }
            leave(&actions)
        default:
            break  // A client gets no other messages; an unknown one is ignored.
        }
    }

    // MARK: The job

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        phase = .introducing
        session.sentHello(repeatAfter: configuration.peer.timing.heartbeatInterval * 2, at: now)
        sendHello(&actions)
    }

    private func sendHello(_ actions: inout [Action]) {
        send(.hello(Hello(role: .client, name: configuration.peer.name, incarnation: session.incarnation)), &actions)
    }

    /// The cluster's model is known: the output folder is opened for it, once. With another model later, the job fails.
    private mutating func receive(_ found: ModelFingerprint, at now: Instant, _ actions: inout [Action]) {
        guard phase == .introducing else { return }
        guard let model else {
            model = found
            phase = .preparing
            return actions.append(.openOutput(found))
        }
        guard model == found else {
            let message =
                "the job was begun with model \(model.name) \(model.digest.hex), the cluster now works with "
                + "\(found.name) \(found.digest.hex); use the same model, or a new output folder"
            return fail(.jobRefused(.fingerprint, message: message), &actions)
        }
        if job == nil { phase = .preparing } else { open(at: now, &actions) }
    }

    private mutating func open(at now: Instant, _ actions: inout [Action]) {
        guard let job, let model else { return }
        phase = .opening(retryAt: now + configuration.peer.timing.livenessTime)
        lastProgress = now
        var submit = SubmitJob(
            job: job, policy: configuration.policy, context: configuration.context, fingerprint: model.digest)
        submit.confirmedBelow = confirmedBelow
        submit.rowsTotal = rowsTotal
        submit.rowsConfirmed = rowsConfirmed
        submit.verify = configuration.verify
        send(.submitJob(submit), &actions)
    }

    /// The coordinator has the job: what it does not hold is submitted again.
    private mutating func resume(_ accepted: JobAccepted, at now: Instant, _ actions: inout [Action]) {
        windowRows = accepted.windowRows
        windowTokens = accepted.windowTokens
        if case .opening = phase { phase = .streaming }
        guard phase == .streaming, hasAllFrom(others: accepted.quarantined, &actions) else { return }
        lastProgress = now
        let held = Set(accepted.held)
        heldBack = []
        tokensSubmitted = 0
        for (index, shard) in unanswered.sorted(by: { $0.key < $1.key }) {
            if held.contains(index) { tokensSubmitted += shard.windowTokens } else { heldBack.append(index) }
        }
        submitHeldBack(&actions)
    }

    /// Whether nothing that is not durable rests on the word of quarantined workers alone; else the session fails, and the
    /// next one begins behind the last durable shard.
    private mutating func hasAllFrom(others identities: [String], _ actions: inout [Action]) -> Bool {
        guard !identities.isEmpty else { return true }
        if !quarantined.isSuperset(of: identities) { actions.append(.quarantined(identities)) }
        quarantined.formUnion(identities)
        let resting = delivered.values.lazy.flatMap(\.workers).filter(quarantined.isSuperset)
        guard let worker = resting.compactMap({ $0.min() }).min() else { return true }
        fail(.withdrawn(worker: worker), &actions)
        return false
    }

    private mutating func deliver(_ answer: ShardAnswer, at now: Instant, _ actions: inout [Action]) {
        // A second copy, or an answer with another number of rows than the shard, is dropped.
        guard let shard = unanswered[answer.shard], shard.content.count == answer.answers.count else { return }
        unanswered[answer.shard] = nil
        tokensSubmitted -= shard.windowTokens
        delivered[answer.shard] = Delivered(
            rows: shard.content.count, workers: answer.sources.map(\.identities).filter { !$0.isEmpty })
        lastProgress = now
        actions.append(.deliver(answer))
        submitHeldBack(&actions)
    }

    /// Keeps a shard, and submits it if the window allows and no other shard waits.
    private mutating func append(_ shard: SubmitShard, at now: Instant, _ actions: inout [Action]) {
        unanswered[shard.shard] = shard
        rowsUnconfirmed += shard.content.count
        if unanswered.count == 1 { lastProgress = now }
        guard phase == .streaming else { return }
        heldBack.append(shard.shard)
        submitHeldBack(&actions)
    }

    /// Submits what waits, as far as the window allows.
    private mutating func submitHeldBack(_ actions: inout [Action]) {
        while tokensSubmitted == 0 || tokensSubmitted < windowTokens, let index = heldBack.popFirst() {
            guard let shard = unanswered[index] else { continue }
            tokensSubmitted += shard.windowTokens
            send(.submitShard(shard), &actions)
        }
    }

    private mutating func confirm(below: UInt32, _ actions: inout [Action]) {
        guard below > confirmedBelow, let job else { return }
        for index in delivered.keys.filter({ $0 < below }) {
            let rows = delivered.removeValue(forKey: index)?.rows ?? 0
            rowsUnconfirmed -= rows
            rowsConfirmed += rows
        }
        confirmedBelow = below
        send(.confirm(job, below: below), &actions)
    }

    private mutating func produceIfWanted(_ actions: inout [Action]) {
        guard phase == .streaming, shardCount == nil else { return }
        while producing < Self.producingMax, canProduce {
            producing += 1
            actions.append(.produce)
        }
    }

    /// Whether one more shard may be requested. The window must fit a whole shard, so that the coordinator never
    /// refuses one. Its tokens are not known before it arrives, so a window that is half full requests one shard at a
    /// time.
    private var canProduce: Bool {
        if rowsUnconfirmed == 0, producing == 0 { return true }
        let hasRows = rowsUnconfirmed + (producing + 1) * Limits.shardRowsMax <= windowRows
        let hasTokens = tokensSubmitted == 0 || tokensSubmitted < (producing == 0 ? windowTokens : windowTokens / 2)
        return hasRows && hasTokens && heldBack.isEmpty
    }

    /// Shards requested at a time: the thread that makes them is woken for a few, not for each.
    private static let producingMax = 8

    private mutating func closeIfDone(at now: Instant, _ actions: inout [Action]) {
        guard phase == .streaming, let job, let shardCount, confirmedBelow >= shardCount else { return }
        close(job, at: now, &actions)
    }

    private mutating func close(_ job: JobID, at now: Instant, _ actions: inout [Action]) {
        phase = .closing(retryAt: now + configuration.peer.timing.heartbeatInterval, retries: 3)
        send(.closeJob(job), &actions)
    }

    private mutating func leave(_ actions: inout [Action]) {
        phase = .gone
        send(.bye, &actions)
        actions.append(.finish)
    }

    private mutating func fail(_ failure: Failure, _ actions: inout [Action]) {
        phase = .gone
        send(.bye, &actions)
        actions.append(.fail(failure))
    }

    // MARK: Time

    private mutating func tick(at now: Instant, _ actions: inout [Action]) {
        let timing = configuration.peer.timing
        if let silence = session.silence(at: now, limit: configuration.peer.abandonTime) {
            return fail(.abandoned(after: silence), &actions)
        }
        if session.isHeartbeatDue(at: now) {
            session.sent(at: now)
            if phase != .introducing { send(.heartbeat(Heartbeat(incarnation: session.incarnation)), &actions) }
        }
        switch phase {
        case .introducing:
            if session.isHelloDue(at: now) { introduce(at: now, &actions) }
        case .opening(let retryAt):
            if now >= retryAt { open(at: now, &actions) }
        case .streaming:
            if session.silence(at: now, limit: timing.livenessTime) != nil {
                introduce(at: now, &actions)
            } else if !unanswered.isEmpty, now - lastProgress >= timing.leaseTime {
                // No answer for long: a message may be lost, so the job is opened again to learn what is held.
                open(at: now, &actions)
            }
        case .closing(let retryAt, let retries):
            guard now >= retryAt else { return }
            // Nothing more is needed from the coordinator, so it does no harm when it does not answer.
            guard retries > 0 else { return leave(&actions) }
            phase = .closing(retryAt: now + timing.heartbeatInterval, retries: retries - 1)
            if let job { send(.closeJob(job), &actions) }
        case .preparing, .gone: break
        }
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: session.generation, message)))
    }

    /// Invariants of a client that do not hold, a sentence each; empty when all do.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        let rows = unanswered.values.reduce(0) { $0 + $1.content.count } + delivered.values.reduce(0) { $0 + $1.rows }
        if rows != rowsUnconfirmed {
            broken.append("the client counts \(rowsUnconfirmed) rows unconfirmed, has \(rows)")
        }
        let waiting = Set(heldBack)
        let tokens = unanswered.reduce(0) { $0 + (waiting.contains($1.key) ? 0 : $1.value.windowTokens) }
        if phase == .streaming, tokens != tokensSubmitted {
            broken.append("the client counts \(tokensSubmitted) tokens submitted, has \(tokens)")
        }
        if unanswered.keys.contains(where: { $0 < confirmedBelow }) { broken.append("a durable shard is unanswered") }
        return broken
    }
}
