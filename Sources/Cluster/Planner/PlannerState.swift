import DequeModule
import OrderedCollections
import Planning
import Scoring
public import Wire

/// The planner's decisions: what each policy did, what each step's plan is, which worker has which group, which groups
/// are done.
///
/// It runs beside `CoordinatorState` on the same thread, and is a client of it: predictions are jobs. Like it, it is a
/// value without clock, socket, file or randomness. A `journal` action must be durable before the actions after it are
/// carried out. All arithmetic on its thread is bounded: candidates of a plan, rows of a draw, outcomes of a report.
///
/// The rules, with the reasons in proto/PROTOCOL.md: a step has one plan, and the same request gets the same bytes;
/// budgets sum to the total, with predictions or without; a rollout worker has its assignment as a lease; a reward
/// counts once, and only what is durable is acknowledged.
///
/// Each subject has a file: `+Plans` from request to end, `+Contexts` what predictions are based on, `+Outcomes`
/// reports of trainers, `+Rollouts` rollout workers and their rewards, `+Scores` predictions without a plan.
public struct PlannerState: Sendable {
    // MARK: State

    /// Its bounds are the tenant's share of the coordinator's.
    var configuration: Configuration
    /// Whose policies it plans for; `nil` for the cluster's own.
    public let tenant: String?
    /// Numbers this run of the coordinator.
    public let generation: UInt64
    /// Predictions that were requested and have not arrived.
    var predictions: PredictionQueue
    var histories = HistoryTable()
    /// Models whose heads have refused side information: their plans are made of texts.
    var textOnlyModels: Set<Digest> = []
    /// What predictions of plans under way are based on, by index of the candidate; where side information is used.
    var evidence: [PlanName: [Int: Evidence]] = [:]
    /// Steps between the newest outcome of a candidate's context and the weights, for plans under way, by index.
    var contextAges: [PlanName: [Int: Int]] = [:]
    /// Plans kept. `adopt` and `forget` are the only ways in and out.
    var sessions = PlanTable()
    /// Plans that are prepared now, and not opened yet.
    var preparing = PlansInPreparation()
    /// Which policies are forgotten first.
    var ranks = PolicyRanks()
    /// Plans that are settled now: which opening of its step each is.
    var settling: [PlanName: UInt64] = [:]
    /// Requests that are not finished in one turn, and those that arrived behind them.
    var pending: Deque<PendingRequest> = []
    /// Bytes of the work that the driver has.
    var workBytes = 0
    /// Messages that the driver's work holds, by the trainer that sent them.
    var heldMessages: [Peer: Int] = [:]
    /// Number of the latest use of a history.
    var useNumber: UInt64 = 0
    /// When plans that have not ended are cut, or refused where their trainer requests that. `setDeadline` adds one.
    var deadlines = RankedKeys<PlanName, Instant>()
    /// No plan or request for scores is due before: a lower bound.
    private(set) var dueFrom: Instant?
    /// The last message of no trainer of another process is older: a lower bound.
    private(set) var trainersHeardFrom: Instant?
    /// Peers that get a plan's messages. Each has the plan among those that it follows.
    var listeners: [PlanName: OrderedSet<Peer>] = [:]
    var trainers: [Peer: TrainerSession] = [:]
    /// Requests for scores that are not answered yet, by number.
    var requests: OrderedDictionary<UInt64, ScoreRequest> = [:]
    var rollouts = Membership<RolloutSession>()
    /// Groups that wait for a rollout worker, in the order in which they are to be lent; some may be done since.
    var queue: Deque<GroupKey> = []
    /// Keys of the queue whose groups wait no more.
    var staleKeys = 0
    /// Which rollout worker is asked first next.
    var turn = 0
    /// No rollout worker accepts so many rollouts, except those to which more may be lent than when this was found.
    var unfit: Int?
    /// Nothing is lent before: rollout workers may still have what an earlier generation lent them.
    var lendsFrom: Instant = .zero
    /// Number of the latest attempt. No generation uses one again: the upper half is the generation.
    var attempts: UInt64
    private var requestNumber: UInt64 = 0
    /// What `/metrics` counts.
    public internal(set) var counts = PlannerCounts()

    /// A trainer that has sent Hello.
    struct TrainerSession {
        let name: String
        var lastReceived: Instant
        /// In this process: it is there until it leaves.
        let isLocal: Bool
        /// Plans whose messages it gets.
        var follows: Set<PlanName> = []
        /// Plans that are prepared, and whose messages it will get.
        var awaits: Set<PlanName> = []
    }

    /// A candidate's group, by plan, number of the plan's opening, and index.
    struct GroupKey: Hashable {
        let plan: PlanName
        let opening: UInt64
        let index: Int
    }

    /// Starts from the state that the journal's entries give; there are none in the first generation. Entries of
    /// another version that cannot be applied are ignored.
    public init(
        _ configuration: Configuration = Configuration(), generation: UInt64, tenant: String? = nil,
        replaying entries: [PlannerEntry] = []
    ) {
        self.configuration = configuration
        self.generation = generation
        self.tenant = tenant
        predictions = PredictionQueue(generation: generation, secret: configuration.secret, tenant: tenant)
        attempts = generation << 32
        for entry in entries { replay(entry) }
        if !sessions.isEmpty { lendsFrom = Instant(configuration.timing.livenessTime * 2) }
        for name in sessions.names { enqueue(name, sessions[name]?.groups.indices ?? 0..<0) }
        updateRanks()
    }

    // MARK: Events

    /// Decides. Cost: constant for a heartbeat; for a plan, that of planning it.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .received(let envelope, let peer): receive(envelope, from: peer, arrived: now, at: now, &actions)
        case .receivedEarlier(let envelope, let peer, let arrived):
            receive(envelope, from: peer, arrived: arrived, at: now, &actions)
        case .worked(let result): receive(result, at: now, &actions)
        case .forgetPolicy(let policyID): forget(policy: policyID, because: "an operator removed it", &actions)
        case .fromCoordinator(let message): receivePrediction(message, at: now, &actions)
        case .joinedLocally(let peer):
            add(trainer: peer, TrainerSession(name: "local", lastReceived: now, isLocal: true))
        case .leftLocally(let peer): forget(trainer: peer)
        case .unroutable(let peer): disconnect(peer, &actions)
        case .tick: expire(at: now, readUntil: now, &actions)
        case .tickBehind(let readUntil): expire(at: now, readUntil: readUntil, &actions)
        }
        dispatch(at: now, &actions)
        updateRanks()
        return actions
    }

    /// When `tick` is due next, or earlier: nothing expires before. Cost: constant; it is called at every turn of the driver.
    public var nextDeadline: Instant? {
        guard pending.isEmpty else { return .zero }
        var next = predictions.nextDeadline
        if !queue.isEmpty, lendsFrom != .zero { next = min(next, lendsFrom) }
        if let expiry = nextExpiry { next = min(next, expiry) }
        return next
    }

    /// A tenant's planner as a client of the coordinator's machine: a routing id that no connection has.
    static func asClient(of tenant: String?) -> Peer { Peer(clientID, tenant: tenant) }

    /// Whether a peer is a planner, of any tenant.
    public static func isClient(_ peer: Peer) -> Bool { peer.bytes == clientID }

    private static let clientID = Array("planner".utf8)

    /// When a peer is silent for too long, or a lease, a plan or a request is due, at the earliest: a lower bound.
    private var nextExpiry: Instant? {
        var next = rollouts.nextExpiry(livenessTime: configuration.timing.livenessTime)
        if let silent = trainersHeardFrom.map({ $0 + configuration.timing.livenessTime * 3 }) {
            next = min(next ?? silent, silent)
        }
        if let dueFrom { next = min(next ?? dueFrom, dueFrom) }
        return next
    }

    /// Cuts a plan at an instant, if it has not ended before.
    mutating func setDeadline(of plan: PlanName, to due: Instant) {
        deadlines[plan] = due
        recordDue(due)
    }

    /// Records that a plan or a request is due at an instant.
    mutating func recordDue(_ due: Instant) { dueFrom = min(dueFrom ?? due, due) }

    /// Whether a peer is a trainer or a live rollout worker.
    public func knows(_ peer: Peer) -> Bool { trainers[peer] != nil || rollouts.incarnation(at: peer) != nil }

    /// Whether a message is for the planner, and not for the coordinator's machine.
    public func isAddressee(of message: Message, from peer: Peer) -> Bool {
        if Self.isAddressee(of: message) { return true }
        return switch message {
        // A peer of an earlier generation is known by what its heartbeat names.
        case .heartbeat(let heartbeat):
            knows(peer) || rollouts.isDead(heartbeat.incarnation)
        case .hello: false
        default: knows(peer)
        }
    }

    /// Whether a message is for a planner by its kind alone.
    static func isAddressee(of message: Message) -> Bool {
        switch message {
        case .hello(let hello):
            switch hello.role {
            case .trainer, .rollout: true
            case .worker, .client: false
            }
        case .requestPlan, .followPlan, .dropPlans, .reportOutcomes, .requestScores, .rewards, .assignmentReturned:
            true
        case .heartbeat(let heartbeat): !heartbeat.assignments.isEmpty
        default: false
        }
    }

    private mutating func receive(
        _ envelope: Envelope, from peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        if case .hello(let hello) = envelope.message { return welcome(hello, from: peer, at: now, &actions) }
        if let incarnation = rollouts.incarnation(at: peer) {
            rollouts.heard(incarnation, at: now)
            return receive(envelope.message, fromRollout: incarnation, at: now, &actions)
        }
        if trainers[peer] != nil {
            trainers[peer]?.lastReceived = now
            return receive(envelope.message, fromTrainer: peer, arrived: arrived, at: now, &actions)
        }
        send(rollouts.answer(toStranger: envelope.message), to: peer, &actions)
    }

    private mutating func receive(
        _ message: Message, fromTrainer peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        guard !waits(message, from: peer, arrived: arrived, at: now, &actions) else { return }
        handle(message, fromTrainer: peer, arrived: arrived, at: now, &actions)
    }

    /// Handles a trainer's message in its place.
    mutating func handle(
        _ message: Message, fromTrainer peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        switch message {
        case .heartbeat: send(.clusterStatus(status), to: peer, &actions)
        case .requestPlan(let request): check(request, from: peer, arrived: arrived, at: now, &actions)
        case .followPlan(let plan, let groupsAfter): follow(plan, groupsAfter, by: peer, &actions)
        case .dropPlans(let request): drop(request, from: peer, &actions)
        case .reportOutcomes(let report): record(report, from: peer, &actions)
        case .requestScores(let request): score(request, for: peer, arrived: arrived, at: now, &actions)
        case .bye: forget(trainer: peer)
        default: break  // A trainer sends no other messages; an unknown one is ignored.
        }
    }

    /// The answer to a heartbeat of a trainer or rollout worker.
    var status: ClusterStatus {
        ClusterStatus(
            workers: rollouts.count, shardsPending: queue.count - staleKeys,
            shardsLeased: rollouts.levels.leases)
    }

    // MARK: Joining and leaving

    private mutating func welcome(_ hello: Hello, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if let refusal = rollouts.refusal(of: hello) { return send(refusal, to: peer, &actions) }
        switch hello.role {
        case .worker, .client: return  // These belong to the coordinator's machine; the driver sends them there.
        case .trainer:
            guard trainers[peer] != nil || trainers.count < configuration.trainersMax else {
                let message = "this coordinator has its \(configuration.trainersMax) trainers"
                return send(.refused(.capacity, message: message), to: peer, &actions)
            }
            // A connection has one role: that of its last Hello.
            if let former = rollouts.incarnation(at: peer) {
                markDead(former, reason: "its connection is a trainer's now", &actions)
            }
            add(trainer: peer, TrainerSession(name: hello.name, lastReceived: now, isLocal: false))
        case .rollout(let credit):
            if let refusal = rollouts.refusal(ofIncarnation: hello.incarnation, from: peer) {
                return send(refusal, to: peer, &actions)
            }
            guard join(hello, credit: credit, from: peer, at: now, &actions) else { return }
            if trainers[peer] != nil { forget(trainer: peer) }
        }
        let timing = configuration.timing
        let welcome = Welcome(
            incarnation: hello.incarnation, heartbeatInterval: timing.heartbeatInterval,
            leaseTime: configuration.rolloutLeaseTime, fingerprint: predictions.model)
        send(.welcome(welcome), to: peer, &actions)
    }

    /// Adds a trainer, or keeps what a known one follows.
    private mutating func add(trainer peer: Peer, _ session: TrainerSession) {
        var session = session
        (session.follows, session.awaits) = (trainers[peer]?.follows ?? [], trainers[peer]?.awaits ?? [])
        trainers[peer] = session
        if !session.isLocal {
            trainersHeardFrom = min(trainersHeardFrom ?? session.lastReceived, session.lastReceived)
        }
    }

    /// Forgets a trainer. Cost: a look at the plans that it follows or waits for, and at each request for scores.
    mutating func forget(trainer peer: Peer) {
        let former = trainers.removeValue(forKey: peer)
        for plan in former?.follows ?? [] { listeners[plan]?.remove(peer) }
        for plan in former?.awaits ?? [] { preparing[plan]?.listeners.remove(peer) }
        for (number, request) in requests where request.peer == peer {
            // No peer waits for the answer any more; the job itself ends at its deadline.
            requests[number]?.isWanted = false
        }
    }

    private mutating func disconnect(_ peer: Peer, _ actions: inout [Action]) {
        if let incarnation = rollouts.incarnation(at: peer) {
            markDead(incarnation, reason: "its connection has ended", &actions)
        } else if trainers[peer] != nil {
            forget(trainer: peer)
        }
    }

    // MARK: Time

    private mutating func expire(at now: Instant, readUntil: Instant, _ actions: inout [Action]) {
        continuePending(at: now, &actions)
        for message in predictions.tick(at: now) { actions.append(.toCoordinator(message)) }
        guard let next = nextExpiry, next <= now else { return }
        expireRollouts(at: now, readUntil: readUntil, &actions)
        for (peer, trainer) in trainers
        where !trainer.isLocal && readUntil - trainer.lastReceived >= configuration.timing.livenessTime * 3 {
            forget(trainer: peer)
        }
        while let (deadline, plan) = deadlines.first, deadline <= now { cut(plan, &actions) }
        for (number, request) in requests where request.deadline <= now { end(request: number, &actions) }
        rollouts.correctBounds()
        trainersHeardFrom = trainers.values.lazy.filter { !$0.isLocal }.map(\.lastReceived).min()
        dueFrom = deadlines.first?.rank
        for request in requests.values { recordDue(request.deadline) }
    }

    // MARK: Helpers

    mutating func nextRequest() -> UInt64 {
        requestNumber += 1
        return requestNumber
    }

    func send(_ message: Message, to peer: Peer, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message), to: peer))
    }
}
