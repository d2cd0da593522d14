public import Wire

// Events, actions and log events of the planner's machine, and its configuration.

extension PlannerState {
    /// What happened.
    public enum Event: Sendable {
        /// A message arrived from a trainer or rollout worker.
        case received(Envelope, from: Peer)
        /// A message arrived earlier, and is handled only now.
        case receivedEarlier(Envelope, from: Peer, arrived: Instant)
        /// The driver has done work of this machine.
        case worked(PlannerWork.Result)
        /// All of a policy is to be forgotten, because an operator requests it.
        case forgetPolicy(String)
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
        /// Time has passed, but messages that arrived after an instant are not read yet: nobody is silent by them.
        case tickBehind(readUntil: Instant)
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope, to: Peer)
        /// A message to the coordinator's machine, as its client.
        case toCoordinator(Message)
        case journal(PlannerEntry)
        /// Work that takes long, to be done on another thread.
        indirect case work(PlannerWork)
        /// A fact for the operator's log.
        case log(LogEvent)
    }

    /// A fact for the operator's log.
    public enum LogEvent: Hashable, Sendable {
        case planOpened(PlanName, prompts: Int, total: Int, contextRows: Int)
        case planEnded(PlanName, PlanEnd.Status, utility: Double, uniformUtility: Double)
        case planRefused(PlanName, reason: String)
        case planForgotten(PlanName)
        case policyForgotten(String, reason: String)
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
        /// Bytes of the requests of all plans kept. Beyond it, plans that are over are forgotten, idle policies first.
        public var planBytesMax = 1 << 30
        /// Outcomes kept for a policy: its latest.
        public var outcomesMax = 65_536
        /// Policies with a history. Beyond it, the one that is idle for the longest time is forgotten.
        public var policiesMax = 1024
        /// Bytes of all histories. Beyond it, policies that are idle for the longest time are forgotten.
        public var historyBytesMax = 192 << 20
        /// Bytes of the texts of a policy's prompts that may be named by their id alone. Beyond it, those that were not
        /// used for the longest time are forgotten.
        public var textBytesMax = 96 << 20
        /// Work that reads so many bytes is given to the driver; by default all is done at once.
        public var workBytesMin = Int.max
        /// Bytes of work that the driver has; more is refused until some is done.
        public var workBytesMax = 512 << 20
        /// Outcomes of a report, or of a plan's request, that are recorded in one turn.
        public var turnOutcomesMax = Int.max
        /// Requests for scores at a time.
        public var requestsMax = 32
        /// Live rollout workers.
        public var rolloutWorkersMax = 4096
        /// Trainers.
        public var trainersMax = 1024
        /// Ids of the planner's jobs follow from it. The driver must draw it, so that nobody can predict and occupy them.
        package var secret: [UInt8] = []

        /// The defaults.
        public init() {}

        /// The bounds of one of so many tenants: equal shares of all that they would fill together, so that no tenant takes
        /// what another one may use. At least 1 of each.
        package func share(of tenants: Int) -> Configuration {
            guard tenants > 1 else { return self }
            var share = self
            for bound in Self.shared { share[keyPath: bound] = max(1, self[keyPath: bound] / tenants) }
            share.textBytesMax = min(textBytesMax, share.historyBytesMax)
            return share
        }

        private static var shared: [WritableKeyPath<Configuration, Int>] {
            [
                \.candidatesMax, \.planBytesMax, \.policiesMax, \.historyBytesMax, \.workBytesMax, \.requestsMax,
                \.rolloutWorkersMax, \.trainersMax,
            ]
        }

        /// For a driver that does large work on another thread: no turn is long.
        public static var apart: Configuration {
            var configuration = Configuration()
            configuration.workBytesMin = 128 << 10
            configuration.turnOutcomesMax = 256
            return configuration
        }
    }
}
