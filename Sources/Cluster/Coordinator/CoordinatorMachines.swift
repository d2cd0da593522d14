import OrderedCollections
import Scoring
public import Wire

/// The coordinator's two machines as the driver sees them: one lends shards to workers, the other plans steps. Messages
/// between the two stay here.
///
/// Both belong to one thread. A `journal` or `journalPlan` action must be durable before the actions after it are
/// carried out.
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
        case forgetPolicy(String)
        /// A message could not be delivered: the peer has left.
        case unroutable(Peer)
        /// A trainer in this process joined.
        case joinedLocally(Peer)
        /// It left.
        case leftLocally(Peer)
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
        case journal(JournalEntry)
        case journalPlan(PlannerEntry)
        /// Work that takes long, to be done on another thread; its result is an event.
        case work(PlannerWork)
        case log(CoordinatorState.LogEvent)
        case logPlan(PlannerState.LogEvent)
    }

    /// Lends shards to workers.
    public private(set) var coordinator: CoordinatorState
    /// Plans steps.
    public private(set) var planner: PlannerState
    /// For `overview`: what plans predicted and what was reported, and what went wrong.
    private(set) var predictions = PredictionRecord()
    private(set) var notices = RecentNotices()

    /// Starts from the state that the journal's entries give; there are none in the first generation.
    public init(
        _ configuration: CoordinatorState.Configuration = CoordinatorState.Configuration(),
        planner: PlannerState.Configuration = PlannerState.Configuration(), replaying entries: [JournalEntry] = [],
        _ plannerEntries: [PlannerEntry] = []
    ) {
        coordinator = CoordinatorState(configuration, replaying: entries)
        // `started` will begin the next generation.
        self.planner = PlannerState(planner, generation: coordinator.generation + 1, replaying: plannerEntries)
        for entry in plannerEntries { observe(entry) }
    }

    /// Decides, until neither machine has a message for the other.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        var open = ArraySlice(first(event, at: now))
        while let step = open.popFirst() {
            switch step {
            case .planner(.toCoordinator(let message)):
                let envelope = Envelope(generation: coordinator.generation, message)
                let steps = coordinator.handle(.received(envelope, from: PlannerState.asClient), at: now)
                open = steps.map(Step.coordinator) + open
            case .coordinator(.send(let envelope, to: PlannerState.asClient)):
                open = planner.handle(.fromCoordinator(envelope.message), at: now).map(Step.planner) + open
            case .coordinator(.send(let envelope, let peer)), .planner(.send(let envelope, let peer)):
                actions.append(.send(envelope, to: peer))
            case .coordinator(.journal(let entry)): actions.append(.journal(entry))
            case .coordinator(.log(let event)):
                notices.add(event.fault, isError: event.isError, at: now)
                actions.append(.log(event))
            case .planner(.journal(let entry)):
                observe(entry)
                actions.append(.journalPlan(entry))
            case .planner(.work(let work)): actions.append(.work(work))
            case .planner(.log(let event)):
                notices.add(event.fault, isError: event.isError, at: now)
                actions.append(.logPlan(event))
            }
        }
        return actions
    }

    private mutating func observe(_ entry: PlannerEntry) {
        predictions.add(entry) { [planner] in planner.sessions[$0] }
    }

    /// Changes the live workers, for an operator.
    mutating func changeSessions<Value>(_ change: (inout Membership<WorkerSession>) -> Value) -> Value {
        change(&coordinator.workers)
    }

    /// Changes the live rollout workers, for an operator.
    mutating func changeRollouts<Value>(_ change: (inout Membership<RolloutSession>) -> Value) -> Value {
        change(&planner.rollouts)
    }

    /// When `tick` is due next; `nil` when nothing can expire.
    public var nextDeadline: Instant? {
        [coordinator.nextDeadline, planner.nextDeadline].compactMap(\.self).min()
    }

    /// An action of one of the machines.
    private enum Step {
        case coordinator(CoordinatorState.Action)
        case planner(PlannerState.Action)
    }

    private mutating func first(_ event: Event, at now: Instant) -> [Step] {
        switch event {
        case .started: return coordinator.handle(.started, at: now).map(Step.coordinator)
        case .receivedEarlier(let envelope, let peer, let arrived):
            guard planner.isAddressee(of: envelope.message, from: peer) else {
                return coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
            }
            return planner.handle(.receivedEarlier(envelope, from: peer, arrived: arrived), at: now)
                .map(Step.planner)
        case .worked(let result): return planner.handle(.worked(result), at: now).map(Step.planner)
        case .forgetPolicy(let policyID): return planner.handle(.forgetPolicy(policyID), at: now).map(Step.planner)
        case .received(let envelope, let peer):
            return planner.isAddressee(of: envelope.message, from: peer)
                ? planner.handle(.received(envelope, from: peer), at: now).map(Step.planner)
                : coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
        case .unroutable(let peer):
            return planner.knows(peer)
                ? planner.handle(.unroutable(peer), at: now).map(Step.planner)
                : coordinator.handle(.unroutable(peer), at: now).map(Step.coordinator)
        case .joinedLocally(let peer): return planner.handle(.joinedLocally(peer), at: now).map(Step.planner)
        case .leftLocally(let peer): return planner.handle(.leftLocally(peer), at: now).map(Step.planner)
        case .cancelled(let id): return coordinator.handle(.cancelled(id), at: now).map(Step.coordinator)
        case .tick:
            return coordinator.handle(.tick, at: now).map(Step.coordinator)
                + planner.handle(.tick, at: now).map(Step.planner)
        case .tickBehind(let readUntil):
            return coordinator.handle(.tickBehind(readUntil: readUntil), at: now).map(Step.coordinator)
                + planner.handle(.tickBehind(readUntil: readUntil), at: now).map(Step.planner)
        }
    }
}

extension CoordinatorMachines {
    /// Invariants of both that do not hold, a sentence each; for tests and simulation.
    public var brokenInvariants: [String] { coordinator.brokenInvariants + planner.brokenInvariants }

    /// Fills a report with the levels and counts of both.
    public func fill(_ report: inout CoordinatorReport) {
        report.generation = coordinator.generation
        report.model = coordinator.fingerprint?.name ?? ""
        report.fingerprint = coordinator.fingerprint?.digest.hex ?? ""
        let status = coordinator.status
        report.workers = status.workers
        report.shardsPending = status.shardsPending
        report.shardsLeased = status.shardsLeased
        report.jobs = coordinator.jobs.count
        report.workersQuarantined = coordinator.quarantined.count
        coordinator.verification.fill(&report)
        planner.fill(&report)
    }
}
