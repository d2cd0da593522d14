import DequeModule
public import Scoring
public import Wire

/// A scoring client's decisions: opens a job, hands in shards as the window allows, takes answers, confirms what is
/// durable, closes the job.
///
/// The client owns input and output, so it is what can start again: from the first shard that is not durable.
public struct ClientState: Sendable {
    /// What happened.
    public enum Event: Sendable {
        case started
        case received(Envelope)
        /// The output folder is open: the job's id, and the first shard that is not durable in it.
        case ready(JobID, firstShard: UInt32)
        /// The next shard of the corpus, in order, as asked for by `produce`.
        case shardReady(SubmitShard)
        /// There are this many shards in all.
        case inputEnded(shards: UInt32)
        /// Every shard below is in a committed part.
        case durable(below: UInt32)
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope)
        /// Open the output folder for a run by this model; answer with `ready`. Comes once.
        case openOutput(ModelFingerprint)
        /// Make the next shard; answer with `shardReady` or `inputEnded`.
        case produce
        /// Write a shard's answers. Each shard comes once, in any order.
        case deliver(ShardAnswer)
        case showStatus(ClusterStatus)
        case finish
        case fail(Failure)
    }

    /// Why the job cannot go on.
    public enum Failure: Hashable, Sendable {
        case refused(Refusal, message: String)
        case jobRefused(JobRefusal, message: String)
        /// No coordinator was heard for this long. The job can be resumed.
        case abandoned(after: Duration)
    }

    /// What is wanted, and of whom.
    public struct Configuration: Sendable {
        /// What the client is called in its Hello and in the operator's log.
        public var name: String
        /// Whose rollouts the predictions are about.
        public var policy: Policy
        /// The job's context set, as it goes over the wire.
        public var context: ContextBlock
        /// When to speak, and how long to wait for a word before asking again.
        public var timing = ClusterTiming.standard
        /// Without a word from a coordinator for this long, the client gives up.
        public var abandonTime: Duration = .seconds(120)

        /// Describes a job.
        public init(name: String, policy: Policy, context: ContextBlock) {
            self.name = name
            self.policy = policy
            self.context = context
        }
    }

    private enum Phase: Equatable {
        /// Said Hello, waiting for a Welcome that names the cluster's model: as long as no worker has come.
        case introducing(retryAt: Instant)
        /// The driver opens the output folder.
        case preparing
        /// Submitted the job, waiting for its acceptance.
        case opening(retryAt: Instant)
        case streaming
        /// Everything is durable; waiting for the coordinator to know.
        case closing(retryAt: Instant, retries: Int)
        case gone
    }

    // MARK: State

    private let configuration: Configuration
    private let incarnation: UInt64
    private var phase: Phase = .introducing(retryAt: .zero)
    private var generation: UInt64 = 0
    private var lastHeard: Instant?
    private var lastBeat: Instant = .zero
    private var lastProgress: Instant = .zero
    private var windowRows = 0
    private var windowTokens = 0
    // Thousands of shards may be in the window, and they come and go in any order: dictionaries that keep no order,
    // sorted where the order can be seen.

    /// Submitted, unanswered.
    private var unanswered: [UInt32: SubmitShard] = [:]
    /// Rows of shards delivered and not durable.
    private var delivered: [UInt32: Int] = [:]
    private var rowsUnconfirmed = 0
    /// Estimated tokens submitted and not answered.
    private var tokensSubmitted = 0
    private var confirmedBelow: UInt32 = 0
    private var model: ModelFingerprint?
    private var job: JobID?
    private var shardsInAll: UInt32?
    /// Shards asked for and not come yet.
    private var producing = 0
    /// Shards that came when the window had no room for their tokens, in order; part of `unanswered`, not submitted.
    private var heldBack: Deque<UInt32> = []

    /// Before `started`.
    public init(_ configuration: Configuration, seed: UInt64) {
        self.configuration = configuration
        var chance = SeededGenerator(seed: seed)
        incarnation = chance.next()
    }

    // MARK: Events

    /// Decides. Cost: constant, but for taking up a job again after an interruption.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .gone else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            lastHeard = now
            introduce(at: now, &actions)
        case .received(let envelope):
            lastHeard = now
            receive(envelope, at: now, &actions)
        case .ready(let id, let firstShard):
            job = id
            confirmedBelow = firstShard
            if phase == .preparing { open(at: now, &actions) }
        case .shardReady(let shard):
            producing = max(0, producing - 1)
            take(shard, at: now, &actions)
        case .inputEnded(let shards):
            // Whatever else was asked for has the same answer.
            producing = 0
            shardsInAll = shards
        case .durable(let below):
            confirm(below: below, &actions)
        case .tick:
            tick(at: now, &actions)
        }
        produceIfWanted(&actions)
        closeIfDone(at: now, &actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant {
        let beat = lastBeat + configuration.timing.heartbeatInterval
        return switch phase {
        case .introducing(let retryAt), .opening(let retryAt), .closing(let retryAt, _): min(retryAt, beat)
        case .preparing, .streaming, .gone: beat
        }
    }

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ actions: inout [Action]) {
        switch envelope.message {
        case .welcome(let welcome) where welcome.incarnation == incarnation:
            generation = envelope.generation
            if let model = welcome.fingerprint { meet(model, at: now, &actions) }
        case .refused(let reason, let message):
            fail(.refused(reason, message: message), &actions)
        case .whoAreYou:
            // All is durable while closing: who asks is told, and the next try to close may succeed. Waiting for a
            // model, or failing over another one, would keep a finished job.
            if case .closing = phase { greet(&actions) } else { introduce(at: now, &actions) }
        case .jobAccepted(let accepted) where accepted.job == job:
            takeUp(accepted, at: now, &actions)
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
            break  // Nothing else is said to a client, and what is not understood is ignored.
        }
    }

    // MARK: The job

    private mutating func introduce(at now: Instant, _ actions: inout [Action]) {
        phase = .introducing(retryAt: now + configuration.timing.heartbeatInterval * 2)
        lastBeat = now
        greet(&actions)
    }

    private func greet(_ actions: inout [Action]) {
        send(.hello(Hello(role: .client, name: configuration.name, incarnation: incarnation)), &actions)
    }

    /// The cluster's model is known: the output folder is opened for it, once; another one later cannot go on.
    private mutating func meet(_ found: ModelFingerprint, at now: Instant, _ actions: inout [Action]) {
        guard case .introducing = phase else { return }
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
        phase = .opening(retryAt: now + configuration.timing.livenessTime)
        lastProgress = now
        send(
            .submitJob(
                SubmitJob(
                    job: job, policy: configuration.policy, context: configuration.context,
                    fingerprint: model.digest, confirmedBelow: confirmedBelow)), &actions)
    }

    /// The coordinator has the job: it is told again whatever it does not hold.
    private mutating func takeUp(_ accepted: JobAccepted, at now: Instant, _ actions: inout [Action]) {
        windowRows = accepted.windowRows
        windowTokens = accepted.windowTokens
        if case .opening = phase { phase = .streaming }
        guard phase == .streaming else { return }
        lastProgress = now
        let held = Set(accepted.held)
        heldBack = []
        tokensSubmitted = 0
        for (index, shard) in unanswered.sorted(by: { $0.key < $1.key }) {
            if held.contains(index) { tokensSubmitted += shard.tokens } else { heldBack.append(index) }
        }
        submitHeldBack(&actions)
    }

    private mutating func deliver(_ answer: ShardAnswer, at now: Instant, _ actions: inout [Action]) {
        // A second copy, or one of another shape than was asked for, is dropped.
        guard let shard = unanswered[answer.shard], shard.texts.count == answer.answers.count else { return }
        unanswered[answer.shard] = nil
        tokensSubmitted -= shard.tokens
        delivered[answer.shard] = shard.texts.count
        lastProgress = now
        actions.append(.deliver(answer))
        submitHeldBack(&actions)
    }

    /// Keeps a shard, and submits it if the window has room and nothing waits before it.
    private mutating func take(_ shard: SubmitShard, at now: Instant, _ actions: inout [Action]) {
        unanswered[shard.shard] = shard
        rowsUnconfirmed += shard.texts.count
        if unanswered.count == 1 { lastProgress = now }
        guard phase == .streaming else { return }
        heldBack.append(shard.shard)
        submitHeldBack(&actions)
    }

    /// Submits what waits, as long as the coordinator would not turn it away.
    private mutating func submitHeldBack(_ actions: inout [Action]) {
        while tokensSubmitted == 0 || tokensSubmitted < windowTokens, let index = heldBack.popFirst() {
            guard let shard = unanswered[index] else { continue }
            tokensSubmitted += shard.tokens
            send(.submitShard(shard), &actions)
        }
    }

    private mutating func confirm(below: UInt32, _ actions: inout [Action]) {
        guard below > confirmedBelow, let job else { return }
        for index in delivered.keys.filter({ $0 < below }) {
            rowsUnconfirmed -= delivered.removeValue(forKey: index) ?? 0
        }
        confirmedBelow = below
        send(.confirm(job, below: below), &actions)
    }

    private mutating func produceIfWanted(_ actions: inout [Action]) {
        guard phase == .streaming, shardsInAll == nil else { return }
        while producing < Self.producingMax, hasRoomForMore {
            producing += 1
            actions.append(.produce)
        }
    }

    /// Whether one more shard may be asked for. Room for whole shards is kept, so that the coordinator never has to turn
    /// one away; how many tokens they have, nobody knows before they come, so a nearly full window asks for one at a time.
    private var hasRoomForMore: Bool {
        if rowsUnconfirmed == 0, producing == 0 { return true }
        let hasRows = rowsUnconfirmed + (producing + 1) * Limits.shardRowsMax <= windowRows
        let hasTokens = tokensSubmitted == 0 || tokensSubmitted < (producing == 0 ? windowTokens : windowTokens / 2)
        return hasRows && hasTokens && heldBack.isEmpty
    }

    /// Shards asked for at a time: the thread that makes them is woken for a few, not for each.
    private static let producingMax = 8

    private mutating func closeIfDone(at now: Instant, _ actions: inout [Action]) {
        guard phase == .streaming, let job, let shardsInAll, confirmedBelow >= shardsInAll else { return }
        phase = .closing(retryAt: now + configuration.timing.heartbeatInterval, retries: 3)
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
        let timing = configuration.timing
        if let lastHeard, now - lastHeard >= configuration.abandonTime {
            return fail(.abandoned(after: now - lastHeard), &actions)
        }
        if now - lastBeat >= timing.heartbeatInterval {
            lastBeat = now
            if case .introducing = phase {} else { send(.heartbeat(Heartbeat(incarnation: incarnation)), &actions) }
        }
        switch phase {
        case .introducing(let retryAt):
            if now >= retryAt { introduce(at: now, &actions) }
        case .opening(let retryAt):
            if now >= retryAt { open(at: now, &actions) }
        case .streaming:
            if let lastHeard, now - lastHeard >= timing.livenessTime {
                introduce(at: now, &actions)
            } else if !unanswered.isEmpty, now - lastProgress >= timing.leaseTime {
                // Nothing came for long: something may have been lost, so ask what the coordinator holds.
                open(at: now, &actions)
            }
        case .closing(let retryAt, let retries):
            guard now >= retryAt else { return }
            // Everything is durable here, so a coordinator that does not answer harms nobody.
            guard retries > 0 else { return leave(&actions) }
            phase = .closing(retryAt: now + timing.heartbeatInterval, retries: retries - 1)
            if let job { send(.closeJob(job), &actions) }
        case .preparing, .gone: break
        }
    }

    private func send(_ message: Message, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message)))
    }

    /// What is always true of a client; each sentence found broken.
    public var brokenInvariants: [String] {
        var broken: [String] = []
        let rows = unanswered.values.reduce(0) { $0 + $1.texts.count } + delivered.values.reduce(0, +)
        if rows != rowsUnconfirmed {
            broken.append("the client counts \(rowsUnconfirmed) rows unconfirmed, has \(rows)")
        }
        let waiting = Set(heldBack)
        let tokens = unanswered.reduce(0) { $0 + (waiting.contains($1.key) ? 0 : $1.value.tokens) }
        if phase == .streaming, tokens != tokensSubmitted {
            broken.append("the client counts \(tokensSubmitted) tokens submitted, has \(tokens)")
        }
        if unanswered.keys.contains(where: { $0 < confirmedBelow }) { broken.append("a durable shard is unanswered") }
        return broken
    }
}
