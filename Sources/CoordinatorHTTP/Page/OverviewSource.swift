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
    private var scopes: [Scope: Rates] = [.all: Rates()]

    /// What is kept for the readers of a scope.
    private struct Rates {
        var history = RateHistory()
        var jobs = JobRates()
        /// When it was read last.
        var read = 0.0
    }

    /// Rates of a tenant that nobody has read for so long are forgotten.
    private static let unreadSeconds = 900.0
    /// Scopes with rates. More have none: an operator may name any tenant, and each costs a report a second.
    private static let scopesMax = 64

    init(_ coordinator: CoordinatorClient, version: String, timeouts: Timeouts) {
        self.coordinator = coordinator
        self.version = version
        time = timeouts.answer
        start = clock.now
    }

    private var now: Double { (clock.now - start) / .seconds(1) }

    /// Adds to the history of rates. Called every second.
    func sample() async {
        let now = self.now
        scopes = scopes.filter { $0.key == .all || now - $0.value.read < Self.unreadSeconds }
        for scope in scopes.keys {
            guard let report = try? await coordinator.report(of: scope, within: time) else { continue }
            scopes[scope]?.history.add(report, time: self.now)
        }
    }

    /// The JSON of an overview of a scope. Throws `coordinatorSilent`.
    func overview(of scope: Scope) async throws(HTTPFailure) -> [UInt8] {
        let report = try await coordinator.report(of: scope, within: time)
        guard
            case .overview(let overview) = try await coordinator.answer(to: .overview, in: scope, within: time)
        else { throw .coordinatorSilent }
        let now = self.now
        var rates = scopes[scope] ?? Rates()
        rates.read = now
        rates.jobs.add(overview.jobs, time: now)
        if scopes[scope] != nil || scopes.count < Self.scopesMax { scopes[scope] = rates }
        let json = OverviewJSON(
            version: version, report: report, overview: overview, history: rates.history,
            jobRates: overview.jobs.map { rates.jobs.rate(of: $0, time: now) })
        return json.bytes
    }
}
