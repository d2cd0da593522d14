import Cluster
import HTTPServing
import JSON

/// Reads the cluster for the page, and keeps what rates are computed of. One for a server, whatever the number of readers.
actor OverviewSource {
    private let coordinator: CoordinatorClient
    private let version: String
    private let time: Duration
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var history = RateHistory()
    private var jobs = JobRates()

    init(_ coordinator: CoordinatorClient, version: String, timeouts: Timeouts) {
        self.coordinator = coordinator
        self.version = version
        time = timeouts.answer
        start = clock.now
    }

    private var now: Double { (clock.now - start) / .seconds(1) }

    /// Adds to the history of rates. Called every second.
    func sample() async {
        guard let report = try? await coordinator.report(within: time) else { return }
        history.add(report, time: now)
    }

    /// The JSON of an overview. Throws `coordinatorSilent`.
    func overview() async throws(HTTPFailure) -> [UInt8] {
        let report = try await coordinator.report(within: time)
        guard case .overview(let overview) = try await coordinator.answer(to: .overview, within: time) else {
            throw .coordinatorSilent
        }
        let now = self.now
        jobs.add(overview.jobs, time: now)
        let json = OverviewJSON(
            version: version, report: report, overview: overview, history: history,
            jobRates: overview.jobs.map { jobs.rate(of: $0, time: now) })
        return json.bytes
    }
}
