import DequeModule
import OrderedCollections
import Scoring
public import Wire

/// The coordinator's machines as the driver sees them: one lends shards to workers, the others plan steps. Messages
/// between them stay here.
///
/// Each tenant has a planner of its own, which knows nothing of the others: what a message, a query or an entry of the journal
/// is about is looked up in the planner of its tenant alone. All belong to one thread. A `journal` or `journalPlan` action must
/// be durable before the later actions of its tenant are carried out; where it concerns all, before any later action.
public struct CoordinatorMachines: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// The driver has started: the first event, once.
        case started
        /// A message arrived.
        case received(Envelope, from: Peer)
        /// A message arrived earlier, and is handled only now.
        case receivedEarlier(Envelope, from: Peer, arrived: Instant)
        /// The driver has done work of the planner.
        case worked(PlannerWork.Result)
        /// All of a policy is to be forgotten, because an operator requests it.
        case forgetPolicy(String, of: String? = nil)
        /// A message could not be delivered: the peer has left.
        case unroutable(Peer)
        /// A trainer in this process joined.
        case joinedLocally(Peer)
        /// It left.
        case leftLocally(Peer)
        /// Keys and tokens of these tenants are admitted.
        case tenantsAdmitted(Set<String>)
        /// An operator ends a job.
        case cancelled(JobID)
        /// Time has passed.
        case tick
        /// Time has passed, but messages that arrived after an instant are not read yet: nobody is silent by them.
        case tickBehind(readUntil: Instant)
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope, to: Peer)
        /// An entry of a tenant's work; one that `concernsAll` is before all that is decided after it.
        case journal(JournalEntry, of: String?)
        /// An entry of the planner of a tenant.
        case journalPlan(PlannerEntry, of: String?)
        /// Work that takes long, to be done on another thread; its result is an event. Indirect: it has 1.5 KB, and else every
        /// action would have as many.
        indirect case work(PlannerWork)
        case log(CoordinatorState.LogEvent)
        case logPlan(PlannerState.LogEvent, of: String?)
    }

    /// Lends shards to workers.
    public private(set) var coordinator: CoordinatorState
    /// Plan steps, by tenant; under `nil` the cluster's own, which is always there.
    private(set) var planners: OrderedDictionary<String?, PlannerState> = [:]
    /// For `overview`: what plans predicted and what was reported, and what went wrong; by tenant, `notices` also all.
    private(set) var predictions: [String?: PredictionRecord] = [:]
    private(set) var notices = TenantNotices()
    private let plannerConfiguration: PlannerState.Configuration
    private let generation: UInt64
    /// Tenants with an admitted key or token.
    private var admitted: Set<String> = []

    /// Starts from the state that the journal's entries give; there are none in the first generation.
    public init(
        _ configuration: CoordinatorState.Configuration = CoordinatorState.Configuration(),
        planner: PlannerState.Configuration = PlannerState.Configuration(), replaying entries: [JournalEntry] = [],
        _ plannerEntries: [PlannerEntry] = [], tenants: [String: [PlannerEntry]] = [:]
    ) {
        coordinator = CoordinatorState(configuration, replaying: entries)
        plannerConfiguration = planner
        // `started` will begin the next generation.
        generation = coordinator.generation + 1
        add(nil, replaying: plannerEntries)
        for (tenant, entries) in tenants.sorted(by: { $0.key < $1.key }) { add(tenant, replaying: entries) }
        divideBounds()
    }

    /// How many share the bounds: the cluster itself, and each tenant.
    package var shares: Int { coordinator.shares }

    /// Plans the cluster's own steps, those of no tenant.
    public var planner: PlannerState {
        guard let planner = planners[nil] else { preconditionFailure("the cluster's own planner is not there") }
        return planner
    }

    /// The planner of a tenant; `nil` where it has none, because it has sent nothing yet.
    public func planner(of tenant: String?) -> PlannerState? { planners[tenant] }

    /// Whether a tenant has an admitted key or token, or a planner; the cluster itself always.
    public func knows(tenant: String?) -> Bool {
        planners[tenant] != nil || tenant.map(admitted.contains) ?? true
    }

    /// The tenants that have a planner, in the order of their first messages.
    package var tenants: [String] { planners.keys.compactMap(\.self) }

    private mutating func add(_ tenant: String?, replaying entries: [PlannerEntry] = []) {
        planners[tenant] = PlannerState(
            plannerConfiguration, generation: generation, tenant: tenant, replaying: entries)
        for entry in entries { observe(entry, of: tenant) }
    }

    /// Gives each tenant, and the cluster itself, an equal share of the bounds that they would fill together.
    private mutating func divideBounds() {
        let shares = admitted.union(tenants).count + 1
        coordinator.shares = shares
        for place in planners.values.indices {
            planners.values[place].configuration = plannerConfiguration.share(of: shares)
        }
    }

    private mutating func plan(_ event: PlannerState.Event, of tenant: String?, at now: Instant) -> [Step] {
        if planners[tenant] == nil {
            add(tenant)
            divideBounds()
        }
        guard let place = planners.index(forKey: tenant) else { return [] }
        return planners.values[place].handle(event, at: now).map { .planner($0, of: tenant) }
    }

    /// Decides, until no machine has a message for another. Actions are in the order of the decisions: what a worker is lent
    /// because a planner heard of it is sent behind its Welcome.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        var open = Deque(first(event, at: now))
        while let step = open.popFirst() {
            switch step {
            case .planner(.toCoordinator(let message), let tenant):
                let envelope = Envelope(generation: coordinator.generation, message)
                let peer = PlannerState.asClient(of: tenant)
                open += coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
            case .coordinator(.send(let envelope, let peer)) where PlannerState.isClient(peer):
                open += plan(.fromCoordinator(envelope.message), of: peer.tenant, at: now)
            case .coordinator(.send(let envelope, let peer)), .planner(.send(let envelope, let peer), _):
                actions.append(.send(envelope, to: peer))
            case .coordinator(.journal(let entry, let tenant)): actions.append(.journal(entry, of: tenant))
            case .coordinator(.log(let event)):
                notices.add(event.fault, isError: event.isError, of: coordinator.tenant(of: event), at: now)
                actions.append(.log(event))
            case .planner(.journal(let entry), let tenant):
                observe(entry, of: tenant)
                actions.append(.journalPlan(entry, of: tenant))
            case .planner(.work(let work), _): actions.append(.work(work))
            case .planner(.log(let event), let tenant):
                notices.add(event.fault, isError: event.isError, of: tenant, at: now)
                actions.append(.logPlan(event, of: tenant))
            }
        }
        return actions
    }

    private mutating func observe(_ entry: PlannerEntry, of tenant: String?) {
        let planner = planners[tenant]
        predictions[tenant, default: PredictionRecord(of: tenant)].add(entry) { planner?.sessions[$0] }
    }

    /// Changes the live workers, for an operator.
    mutating func changeSessions<Value>(_ change: (inout Membership<WorkerSession>) -> Value) -> Value {
        change(&coordinator.workers)
    }

    /// Changes the live rollout workers of every planner in a scope, for an operator.
    mutating func changeRollouts<Value>(
        in scope: Scope, _ change: (inout Membership<RolloutSession>) -> [Value]
    ) -> [Value] {
        var values: [Value] = []
        for place in planners.values.indices where scope.includes(planners.keys[place]) {
            values += change(&planners.values[place].rollouts)
        }
        return values
    }

    /// When `tick` is due next; `nil` when nothing can expire.
    public var nextDeadline: Instant? {
        (planners.values.compactMap(\.nextDeadline) + [coordinator.nextDeadline].compactMap(\.self)).min()
    }

    /// An action of one of the machines.
    private enum Step {
        case coordinator(CoordinatorState.Action)
        case planner(PlannerState.Action, of: String?)
    }

    /// Whether a message is for the planner of its sender's tenant.
    private func isForPlanner(_ message: Message, from peer: Peer) -> Bool {
        planners[peer.tenant]?.isAddressee(of: message, from: peer) ?? PlannerState.isAddressee(of: message)
    }

    private mutating func first(_ event: Event, at now: Instant) -> [Step] {
        switch event {
        case .started: return coordinator.handle(.started, at: now).map(Step.coordinator)
        case .receivedEarlier(let envelope, let peer, let arrived):
            guard isForPlanner(envelope.message, from: peer) else {
                return coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
            }
            return plan(.receivedEarlier(envelope, from: peer, arrived: arrived), of: peer.tenant, at: now)
        case .worked(let result): return plan(.worked(result), of: result.tenant, at: now)
        case .forgetPolicy(let policyID, let tenant):
            return planners[tenant] == nil ? [] : plan(.forgetPolicy(policyID), of: tenant, at: now)
        case .received(let envelope, let peer):
            return isForPlanner(envelope.message, from: peer)
                ? plan(.received(envelope, from: peer), of: peer.tenant, at: now)
                : coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
        case .unroutable(let peer):
            return planners[peer.tenant]?.knows(peer) == true
                ? plan(.unroutable(peer), of: peer.tenant, at: now)
                : coordinator.handle(.unroutable(peer), at: now).map(Step.coordinator)
        case .joinedLocally(let peer): return plan(.joinedLocally(peer), of: peer.tenant, at: now)
        case .leftLocally(let peer):
            return planners[peer.tenant] == nil ? [] : plan(.leftLocally(peer), of: peer.tenant, at: now)
        case .tenantsAdmitted(let tenants):
            admitted = tenants
            divideBounds()
            return []
        case .cancelled(let id): return coordinator.handle(.cancelled(id), at: now).map(Step.coordinator)
        case .tick: return tick(.tick, .tick, at: now)
        case .tickBehind(let readUntil):
            return tick(.tickBehind(readUntil: readUntil), .tickBehind(readUntil: readUntil), at: now)
        }
    }

    private mutating func tick(
        _ event: CoordinatorState.Event, _ planning: PlannerState.Event, at now: Instant
    ) -> [Step] {
        var steps = coordinator.handle(event, at: now).map(Step.coordinator)
        for tenant in planners.keys { steps += plan(planning, of: tenant, at: now) }
        return steps
    }
}

extension CoordinatorMachines {
    /// Invariants of all that do not hold, a sentence each; for tests and simulation.
    public var brokenInvariants: [String] {
        coordinator.brokenInvariants + planners.values.flatMap(\.brokenInvariants)
    }

    /// Whether the durable parts of two states are equal, for comparing a replay with the state that wrote the journal.
    package func isDurablyEqual(to other: CoordinatorMachines) -> Bool {
        coordinator.durable == other.coordinator.durable
            && Set(planners.keys).union(other.planners.keys).allSatisfy { tenant in
                // A planner that has nothing durable is made at its tenant's first message.
                (planners[tenant] ?? empty).isDurablyEqual(to: other.planners[tenant] ?? other.empty)
            }
    }

    private var empty: PlannerState { PlannerState(plannerConfiguration, generation: generation) }

    /// What the predictions of a job are for; `nil` where it is a client's, or has ended.
    package func source(of job: JobID) -> PlannerState.PredictionSource? {
        guard let tenant = coordinator.jobs[job].map(\.tenant) else { return nil }
        return planners[tenant]?.source(of: job)
    }

    /// Answers a query about the histories of a scope. Cost: that of `PlannerState.answer` for each planner in it.
    public func answer(_ query: HistoryQuery, in scope: Scope = .all) -> HistoryAnswer {
        guard case .policies = query, scope == .all else {
            guard let planner = planners[scope.tenant] else {
                if case .policies = query { return .policies([]) }
                return .unknown
            }
            return planner.answer(query)
        }
        return .policies(
            planners.values.flatMap { planner -> [PolicySummary] in
                if case .policies(let policies) = planner.answer(query) { policies } else { [] }
            })
    }

    /// Fills a report with the levels and counts of a scope. A tenant's has its own, the shared workers as a number, and
    /// nothing of the process.
    public func fill(_ report: inout CoordinatorReport, in scope: Scope = .all) {
        report.generation = coordinator.generation
        report.model = coordinator.fingerprint?.name ?? ""
        report.fingerprint = coordinator.fingerprint?.digest.hex ?? ""
        let status = scope == .all ? coordinator.status : coordinator.status(seenBy: scope.tenant)
        report.workers = status.workers
        report.shardsPending = status.shardsPending
        report.shardsLeased = status.shardsLeased
        report.jobs = coordinator.jobs.values.count { scope.includes($0.tenant) }
        for (tenant, planner) in planners where scope.includes(tenant) { planner.fill(&report) }
        for (tenant, rows) in coordinator.tenantRows where scope.includes(tenant) {
            report.rowsAnswered += rows.answered
            report.rowErrors += rows.errors
        }
        guard scope == .all else { return }
        report.workersQuarantined = coordinator.quarantined.count
        coordinator.verification.fill(&report)
    }
}
