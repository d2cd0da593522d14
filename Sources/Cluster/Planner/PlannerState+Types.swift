public import Wire

// Events, actions and log events of the planner's machine, and its configuration.

extension PlannerState {
    /// What happened.
    public enum Event: Sendable {
        /// A message arrived from a trainer or rollout worker.
        case received(Envelope, from: Peer)
        /// A message of the coordinator's machine to its client, the planner.
        case fromCoordinator(Message)
        /// A trainer in this process joined. It is there until it leaves.
        case joinedLocally(Peer)
        /// It left.
        case leftLocally(Peer)
        /// A message could not be delivered: the peer has left.
        case unroutable(Peer)
        /// Time has passed.
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope, to: Peer)
        /// A message to the coordinator's machine, as its client.
        case toCoordinator(Message)
        case journal(PlannerEntry)
        /// A fact for the operator's log.
        case log(LogEvent)
    }

    /// A fact for the operator's log.
    public enum LogEvent: Hashable, Sendable {
        case planOpened(PlanName, prompts: Int, total: Int, contextRows: Int)
        case planEnded(PlanName, PlanEnd.Status, utility: Double, uniformUtility: Double)
        case planRefused(PlanName, reason: String)
        case planForgotten(PlanName)
        case trainerWentBack(policyID: String, step: Int, attempt: UInt64, plans: Int, outcomes: Int)
        case rolloutJoined(name: String, incarnation: UInt64)
        case rolloutLeft(name: String, incarnation: UInt64)
        case rolloutLost(name: String, incarnation: UInt64, reason: String, assignments: Int)
        case rolloutRefused(name: String, reason: String)
        case rewardsRejected(AssignmentName, reason: String)
    }

    /// Bounds and clocks.
    public struct Configuration: Sendable {
        /// After how much silence a peer is dead.
        public var timing = ClusterTiming.standard
        /// An assignment without progress for this long is lent to another rollout worker: rollouts may need many
        /// minutes.
        public var rolloutLeaseTime: Duration = .seconds(600)
        /// Plans kept for a policy: those made last. As many steps of it may be unfinished.
        public var plansMax = 8
        /// Candidates in all plans kept.
        public var candidatesMax = 1 << 20
        /// Outcomes kept for a policy: its latest.
        public var outcomesMax = 65_536
        /// Policies with a history.
        public var policiesMax = 64
        /// Requests for scores at a time.
        public var requestsMax = 32
        /// Live rollout workers.
        public var rolloutWorkersMax = 4096
        /// Trainers.
        public var trainersMax = 1024

        /// The defaults.
        public init() {}
    }
}
