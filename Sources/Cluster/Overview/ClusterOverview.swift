/// The cluster at a glance, for the page of the coordinator and `statezero top`: bounded in size, whatever the cluster's.
public struct ClusterOverview: Hashable, Sendable {
    /// The workers that an operator may want to see first, at most `workersMax`.
    public var workers: [ClusterDetails.Worker] = []
    /// How many workers have which load, all of them: idle, working, draining, and silent for longer than is usual.
    public var states = WorkerStates()
    /// The jobs, at most `jobsMax`.
    public var jobs: [ClusterDetails.Job] = []
    /// Predictions and what became of them.
    public var predictions = PredictionRecord()
    /// What went wrong, newest last.
    public var notices: [Notice] = []
    /// When this was read, on the clock of the notices.
    public var now: Instant = .zero

    /// All workers by what they do.
    public struct WorkerStates: Hashable, Sendable {
        /// Without work.
        public var idle = 0
        /// With work.
        public var working = 0
        /// They accept no more work.
        public var draining = 0
        /// No message for longer than two heartbeats; they count above, too.
        public var silent = 0
        /// Leases of all.
        public var leases = 0
    }

    /// Workers that are shown one by one.
    public static let workersMax = 50
    /// Jobs that are shown.
    public static let jobsMax = 20

    /// Nothing.
    public init() {}
}
