import Cluster
import Wire

/// Something that happens at a moment of virtual time. Events of the same moment happen in the order of scheduling.
struct ScheduledEvent: Comparable {
    let at: Instant
    let order: Int
    let kind: Kind

    /// What happens. An event for a process has the life it is for: a later life does not get it.
    enum Kind {
        case toCoordinator(Envelope, from: Peer)
        case unroutable(Peer)
        case workerEvent(Int, life: Int, WorkerState.Event)
        case clientEvent(Int, life: Int, ClientState.Event)
        case rolloutEvent(Int, life: Int, RolloutState.Event)
        case toTrainer(Int, life: Int, Envelope)
        case programReport(Int, life: Int, program: Int, RolloutReport)
        /// The coordinator's other thread has done work of one of its lives.
        case worked(PlannerWork.Result, connection: Int)
        /// The disk of one of the coordinator's lives has kept something.
        case commit(connection: Int)
        /// The disk itself has the first so many commits of one of the coordinator's lives.
        case reach(Int, connection: Int)
        case tick
        case fault(FaultPlan.Fault)
        case startCoordinator
        case startWorker(Int)
        case startClient(Int)
        case startTrainer(Int)
        case startRollout(Int)
        case resumeWorker(Int)
        case resumeRollout(Int)
        case healPartition(Int)
    }

    static func < (left: ScheduledEvent, right: ScheduledEvent) -> Bool {
        (left.at, left.order) < (right.at, right.order)
    }

    static func == (left: ScheduledEvent, right: ScheduledEvent) -> Bool { left.order == right.order }
}
