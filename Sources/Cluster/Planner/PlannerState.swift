import DequeModule
import OrderedCollections
import Planning
public import Wire

/// The planner's decisions: what policies did, what each step's plan is, who rolls out what, what is trained on.
///
/// It stands beside `CoordinatorState` in one process and on one thread, and is a client of it: predictions are jobs. Like
/// it, a value without clock, socket, file or chance. A `journal` action must be durable before the actions behind it are
/// carried out. All arithmetic on its thread is bounded: candidates of a plan, rows of a draw, outcomes of a report.
///
/// The rules, with the reasons in proto/PROTOCOL.md: one plan a step, the same request the same bytes; budgets sum to the
/// total, with predictions or without; a budget out is a lease; a reward counts once, and only what is durable is
/// acknowledged.
public struct PlannerState: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// A message came in from a trainer or rollout worker.
        case received(Envelope, from: Peer)
        /// The coordinator's machine said something to its client, the planner.
        case fromCoordinator(Message)
        /// A peer in this process came: a trainer that cannot be lost on the way.
        case joinedLocally(Peer)
        /// It stopped listening.
        case leftLocally(Peer)
        /// A message could not be delivered: the peer is gone.
        case unroutable(Peer)
        /// Time has passed.
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope, to: Peer)
        /// Say something to the coordinator's machine, as its client.
        case toCoordinator(Message)
        case journal(PlannerEntry)
        /// Something an operator may want to read.
        case note(Note)
    }

    /// What an operator may want to read, as facts.
    public enum Note: Hashable, Sendable {
        case planOpened(PlanName, prompts: Int, total: Int, contextRows: Int)
        case planEnded(PlanName, PlanEnd.Status, utility: Double, uniformUtility: Double)
        case planRefused(PlanName, reason: String)
        case planForgotten(PlanName)
        case rolloutJoined(name: String, incarnation: UInt64)
        case rolloutLeft(name: String, incarnation: UInt64)
        case rolloutLost(name: String, incarnation: UInt64, reason: String, assignments: Int)
        case rolloutRefused(name: String, reason: String)
        case rewardsRejected(AssignmentName, reason: String)
    }

    /// Bounds and clocks.
    public struct Configuration: Sendable {
        /// When silence is death.
        public var timing = ClusterTiming.standard
        /// An assignment without progress for this long goes to another rollout worker: rollouts may take many minutes.
        public var rolloutLeaseTime: Duration = .seconds(600)
        /// Plans kept of a policy, the latest steps.
        public var plansMax = 8
        /// Candidates in all plans kept.
        public var candidatesMax = 1 << 20
        /// Outcomes remembered of a policy, the latest.
        public var outcomesMax = 65_536
        /// Policies remembered.
        public var policiesMax = 64
        /// Requests for predictions under way.
        public var requestsMax = 32
        /// Live rollout workers.
        public var rolloutWorkersMax = 4096
        /// Trainers.
        public var trainersMax = 1024

        /// The defaults.
        public init() {}
    }

    // MARK: State

    let configuration: Configuration
    /// This life of the coordinator.
    public let generation: UInt64
    /// The coordinator's machine as a client sees it.
    var errands: PredictionQueue
    var histories: OrderedDictionary<String, PolicyHistory> = [:]
    var sessions: OrderedDictionary<PlanName, PlanSession> = [:]
    /// When plans that have not ended are cut, and refused where their trainer wants that.
    var deadlines: [PlanName: Instant] = [:]
    /// Who listens to a plan.
    var listeners: [PlanName: OrderedSet<Peer>] = [:]
    var trainers: OrderedDictionary<Peer, TrainerSession> = [:]
    /// Requests for scores under way, by number.
    var requests: OrderedDictionary<UInt64, ScoresUnderWay> = [:]
    var rollouts: OrderedDictionary<UInt64, RolloutSession> = [:]
    var rolloutByPeer: [Peer: UInt64] = [:]
    /// Incarnations that may not come back, the latest last.
    var dead: OrderedSet<UInt64> = []
    /// Groups that wait for a rollout worker, first to be lent first; some may have been settled since.
    var queue: Deque<GroupKey> = []
    /// How many of the queue's keys wait for nobody any more.
    var staleKeys = 0
    /// Which rollout worker is asked first next.
    var turn = 0
    /// Nothing is lent before: rollout workers of an earlier life may still have what they were lent.
    var lendsFrom: Instant = .zero
    /// Attempts are never used again, by any life: the upper half is the generation.
    var attempts: UInt64
    private var requestNumber: UInt64 = 0
    /// What `/metrics` counts.
    public internal(set) var counts = PlannerCounts()

    /// A trainer that has said Hello.
    struct TrainerSession {
        let name: String
        var lastHeard: Instant
        /// In this process: it is there until it says otherwise.
        let isLocal: Bool
    }

    /// A candidate's group, by its place.
    struct GroupKey: Hashable {
        let plan: PlanName
        let index: Int
    }

    /// Dead incarnations remembered, as in `CoordinatorState`.
    static let deadMax = 4096

    /// Takes up where the journal's entries end; none for a first life. Entries that were written by another version and
    /// cannot be applied are passed over.
    public init(
        _ configuration: Configuration = Configuration(), generation: UInt64, replaying entries: [PlannerEntry] = []
    ) {
        self.configuration = configuration
        self.generation = generation
        errands = PredictionQueue(generation: generation)
        attempts = generation << 32
        for entry in entries { replay(entry) }
        if !sessions.isEmpty { lendsFrom = Instant(configuration.timing.livenessTime * 2) }
        for (name, session) in sessions { enqueue(name, session.groups.indices) }
    }

    // MARK: Events

    /// Decides. Cost: constant for a heartbeat; for a plan, that of planning it.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .received(let envelope, let peer): receive(envelope, from: peer, at: now, &actions)
        case .fromCoordinator(let message): hear(message, at: now, &actions)
        case .joinedLocally(let peer):
            trainers[peer] = TrainerSession(name: "local", lastHeard: now, isLocal: true)
        case .leftLocally(let peer): forget(trainer: peer)
        case .unroutable(let peer): lose(peer, &actions)
        case .tick: expire(at: now, &actions)
        }
        dispatch(at: now, &actions)
        return actions
    }

    /// When `tick` is due next.
    public var nextDeadline: Instant? {
        let silence = rollouts.values.map { $0.lastHeard + configuration.timing.livenessTime }
        let leases = rollouts.values.flatMap { $0.inHand.values.map(\.expires) }
        let lending = queue.isEmpty || lendsFrom == .zero ? [] : [lendsFrom]
        let asked = Array(deadlines.values) + requests.values.map(\.deadline)
        return (silence + leases + lending + asked + [errands.nextDeadline]).min()
    }

    /// The planner as a client of the coordinator's machine: a routing id that no connection has.
    public static let asClient = Peer(Array("planner".utf8))

    /// Whether a peer is the planner's.
    public func knows(_ peer: Peer) -> Bool { trainers[peer] != nil || rolloutByPeer[peer] != nil }

    /// Whether a message is the planner's to hear, and not the coordinator's machine's.
    public func isAddressee(of message: Message, from peer: Peer) -> Bool {
        switch message {
        case .hello(let hello):
            switch hello.role {
            case .trainer, .rollout: true
            case .worker, .client: false
            }
        case .requestPlan, .followPlan, .reportOutcomes, .requestScores, .rewards, .assignmentReturned: true
        // Of a peer of an earlier life: who it was is seen by what it names.
        case .heartbeat(let heartbeat):
            knows(peer) || !heartbeat.assignments.isEmpty || dead.contains(heartbeat.incarnation)
        default: knows(peer)
        }
    }

    private mutating func receive(_ envelope: Envelope, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if case .hello(let hello) = envelope.message { return welcome(hello, from: peer, at: now, &actions) }
        if let incarnation = rolloutByPeer[peer], rollouts[incarnation] != nil {
            rollouts[incarnation]?.lastHeard = now
            return receive(envelope.message, fromRollout: incarnation, at: now, &actions)
        }
        if trainers[peer] != nil {
            trainers[peer]?.lastHeard = now
            return receive(envelope.message, fromTrainer: peer, at: now, &actions)
        }
        if case .heartbeat(let heartbeat) = envelope.message, dead.contains(heartbeat.incarnation) {
            return send(.dismissed(incarnation: heartbeat.incarnation), to: peer, &actions)
        }
        send(.whoAreYou, to: peer, &actions)
    }

    private mutating func receive(
        _ message: Message, fromTrainer peer: Peer, at now: Instant, _ actions: inout [Action]
    ) {
        switch message {
        case .heartbeat: send(.clusterStatus(status), to: peer, &actions)
        case .requestPlan(let request): open(request, for: peer, at: now, &actions)
        case .followPlan(let plan, let groupsAfter): follow(plan, groupsAfter, by: peer, &actions)
        case .reportOutcomes(let report): record(report, from: peer, &actions)
        case .requestScores(let request): score(request, for: peer, at: now, &actions)
        case .bye: forget(trainer: peer)
        default: break  // Nothing else is a trainer's to say, and what is not understood is ignored.
        }
    }

    /// What trainers and rollout workers are told of the cluster in answer to a heartbeat.
    var status: ClusterStatus {
        ClusterStatus(
            workers: rollouts.count, shardsPending: queue.count,
            shardsLeased: rollouts.values.reduce(0) { $0 + $1.inHand.count })
    }

    // MARK: Joining and leaving

    private mutating func welcome(_ hello: Hello, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        guard hello.protocolVersion == Limits.protocolVersion else {
            let message =
                "this coordinator speaks protocol \(Limits.protocolVersion), you speak \(hello.protocolVersion); "
                + "install the same version of statezero on both sides"
            return send(.refused(.protocolVersion, message: message), to: peer, &actions)
        }
        guard !dead.contains(hello.incarnation) else {
            return send(.dismissed(incarnation: hello.incarnation), to: peer, &actions)
        }
        switch hello.role {
        case .worker, .client: return  // The coordinator's peers; the driver brings them there.
        case .trainer:
            guard trainers[peer] != nil || trainers.count < configuration.trainersMax else {
                let message = "this coordinator has its \(configuration.trainersMax) trainers"
                return send(.refused(.capacity, message: message), to: peer, &actions)
            }
            // A connection has one role, the one it said last.
            if let former = rolloutByPeer[peer] { bury(former, reason: "its connection is a trainer's now", &actions) }
            trainers[peer] = TrainerSession(name: hello.name, lastHeard: now, isLocal: false)
        case .rollout(let credit):
            guard join(hello, credit: credit, from: peer, at: now, &actions) else { return }
            if trainers[peer] != nil { forget(trainer: peer) }
        }
        let timing = configuration.timing
        let welcome = Welcome(
            incarnation: hello.incarnation, heartbeatInterval: timing.heartbeatInterval,
            leaseTime: configuration.rolloutLeaseTime, fingerprint: errands.model)
        send(.welcome(welcome), to: peer, &actions)
    }

    mutating func forget(trainer peer: Peer) {
        trainers[peer] = nil
        for plan in listeners.keys { listeners[plan]?.remove(peer) }
        for (number, request) in requests where request.peer == peer {
            // Its answers would find nobody; the job itself ends by its deadline.
            requests[number]?.isWanted = false
        }
    }

    private mutating func lose(_ peer: Peer, _ actions: inout [Action]) {
        if let incarnation = rolloutByPeer[peer] {
            bury(incarnation, reason: "its connection is gone", &actions)
        } else if trainers[peer] != nil {
            forget(trainer: peer)
        }
    }

    // MARK: Time

    private mutating func expire(at now: Instant, _ actions: inout [Action]) {
        for message in errands.tick(at: now) { actions.append(.toCoordinator(message)) }
        expireRollouts(at: now, &actions)
        for (peer, trainer) in trainers
        where !trainer.isLocal && now - trainer.lastHeard >= configuration.timing.livenessTime * 3 {
            forget(trainer: peer)
        }
        for (plan, deadline) in deadlines where deadline <= now { cut(plan, &actions) }
        for (number, request) in requests where request.deadline <= now { end(request: number, &actions) }
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

/// What the planner has done since it started; levels are read off its state.
public struct PlannerCounts: Hashable, Sendable {
    var plansOK = 0
    var plansDegraded = 0
    var plansFallback = 0
    var plansRefused = 0
    var budgets = 0
    var budgetRollouts = 0
    var outcomesRecorded = 0
    var outcomesRepeated = 0
    var outcomesRejected = 0
    var rolloutsRecorded = 0
    var rolloutsFailed = 0
    var rolloutsDrawn = 0
    var assignmentsLost = 0
}

extension PlannerState {
    /// Adds the planner's levels and counts to a report.
    public func fill(_ report: inout CoordinatorReport) {
        report.rolloutWorkers = rollouts.count
        report.assignmentsLeased = rollouts.values.reduce(0) { $0 + $1.inHand.count }
        report.assignmentsPending = queue.count
        report.plansOpen = sessions.values.count { $0.end == nil }
        report.plansKept = sessions.count
        report.policies = histories.count
        report.historyOutcomes = histories.values.reduce(0) { $0 + $1.outcomes.count }
        report.plansOK = counts.plansOK
        report.plansDegraded = counts.plansDegraded
        report.plansFallback = counts.plansFallback
        report.plansRefused = counts.plansRefused
        report.budgets = counts.budgets
        report.budgetRollouts = counts.budgetRollouts
        report.outcomesRecorded = counts.outcomesRecorded
        report.outcomesRepeated = counts.outcomesRepeated
        report.outcomesRejected = counts.outcomesRejected
        report.rolloutsRecorded = counts.rolloutsRecorded
        report.rolloutsFailed = counts.rolloutsFailed
        report.rolloutsDrawn = counts.rolloutsDrawn
        report.assignmentsLost = counts.assignmentsLost
    }
}
