public import Scoring
public import Wire

// Events, actions and log events of the coordinator's machine, and its configuration.

extension CoordinatorState {
    /// What happened.
    public enum Event: Sendable {
        /// The driver has started: the first event, once.
        case started
        /// A message arrived.
        case received(Envelope, from: Peer)
        /// A message could not be delivered: the peer has left.
        case unroutable(Peer)
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
        /// An entry that concerns work of a tenant, or all.
        case journal(JournalEntry, of: String? = nil)
        /// A fact for the operator's log.
        case log(LogEvent)
    }

    /// A fact for the operator's log.
    public enum LogEvent: Hashable, Sendable {
        case workerJoined(name: String, incarnation: UInt64)
        case workerLeft(name: String, incarnation: UInt64)
        case workerLost(name: String, incarnation: UInt64, reason: String, pieces: Int)
        case workerRefused(name: String, reason: String)
        case clientJoined(name: String)
        case clientLost(JobID)
        case jobOpened(JobID, policy: Policy, contextRows: Int)
        case jobRefused(JobID, reason: String)
        case jobClosed(JobID)
        case leaseExpired(PieceName, worker: String)
        /// The row killed every worker that ran it, so it is answered with an error.
        case rowPoisoned(PieceName)
        /// Nobody else computed a shard that was drawn to be computed again, nor so many pieces since the last line of the
        /// job, with this one.
        case unverified(JobID, shard: UInt32, worker: String, pieces: Int)
        /// Two workers contradict the last one of these; another one decides.
        case disagreement(PieceName, workers: [String])
        /// Two others contradict a worker: it gets no more work. So many answered shards are computed again.
        case workerQuarantined(name: String, identity: String, piece: PieceName, withdrawn: Int)
        /// The coordinator has started without jobs.
        case quarantineLifted([String])
    }

    /// Bounds and clocks.
    public struct Configuration: Sendable {
        /// After how much silence a peer is dead, and how long work is lent.
        public var timing = ClusterTiming.standard
        /// The only model that may work here; `nil`: that of the first worker.
        public var fingerprint: ModelFingerprint?
        /// Rows a job may have submitted and not confirmed.
        public var windowRows = 131_072
        /// Estimated tokens a job may have submitted and not answered: about 64 MB of text.
        public var windowTokens = 16_000_000
        /// The same, of all jobs of one key together.
        public var windowTokensPerOwner = 24_000_000
        /// The same, of all jobs together.
        public var windowTokensTotal = 48_000_000
        /// What a tenant may be behind another in the use of shared workers, before these are kept for its next piece: four
        /// times what a worker holds.
        public var lagTokensMax = 1 << 20
        /// Jobs at a time, with those whose clients are away.
        public var jobsMax = 64
        /// Jobs at a time of one key.
        public var jobsPerOwnerMax = 32
        /// Live workers.
        public var workersMax = 1024
        /// Draws the shards that are computed again. The driver must draw it, so that nobody can predict it.
        package var sampleKey = SampleKey([])

        /// The defaults.
        public init() {}
    }
}
