import OrderedCollections

// The cluster at a glance. Cost: under a microsecond for each worker, and some microseconds for each that is shown.

extension CoordinatorMachines {
    /// The present state of a scope, bounded in size. A tenant sees workers that compute for all as numbers only.
    func overview(of scope: Scope, at now: Instant) -> ClusterOverview {
        var overview = ClusterOverview()
        var chosen = ChosenWorkers(now: now, scope: scope)
        let own = planners.filter { scope.includes($0.key) }.values
        let hasRollouts = own.contains { $0.rollouts.count > 0 }
        let half = hasRollouts ? ClusterOverview.workersMax / 2 : ClusterOverview.workersMax
        chosen.add(coordinator.workers.sessions.values, role: "value", calmMax: half)
        for planner in own {
            chosen.add(
                planner.rollouts.sessions.values, role: "rollout",
                calmMax: ClusterOverview.workersMax - chosen.calm.count)
        }
        overview.workers = Array((chosen.urgent + chosen.calm).prefix(ClusterOverview.workersMax))
        overview.states = chosen.states
        overview.jobs = coordinator.jobs.lazy.filter { scope.includes($0.value.tenant) }
            .prefix(ClusterOverview.jobsMax).map { .init($0.key, $0.value) }
        let records = planners.keys.filter(scope.includes).compactMap { predictions[$0] }
        overview.predictions = records.count == 1 ? records[0] : PredictionRecord(joining: records)
        overview.notices = notices.notices(in: scope)
        overview.now = now
        return overview
    }
}

/// Counts all workers, and chooses those that are shown: first the silent and the draining ones, then in the order in
/// which they joined, so that rows keep their places.
private struct ChosenWorkers {
    let now: Instant
    let scope: Scope
    var urgent: [ClusterDetails.Worker] = []
    var calm: [ClusterDetails.Worker] = []
    var states = ClusterOverview.WorkerStates()

    /// A worker sends a heartbeat every second, and is dead after five.
    private static let silenceMax = Duration.milliseconds(2500)

    init(now: Instant, scope: Scope) {
        self.now = now
        self.scope = scope
    }

    mutating func add<Session: MemberSession>(
        _ sessions: OrderedDictionary<UInt64, Session>.Values, role: String, calmMax: Int
    ) {
        var shown = 0
        for session in sessions {
            let isOwn = scope.includes(session.peer.tenant)
            guard isOwn || session.peer.tenant == nil else { continue }
            let isSilent = now - session.lastReceived > Self.silenceMax
            let leases = session.leases.count
            // What a worker of all holds may be another tenant's.
            if isOwn { states.leases += leases }
            if isSilent { states.silent += 1 }
            if session.leases.isDraining {
                states.draining += 1
            } else if leases > 0 {
                states.working += 1
            } else {
                states.idle += 1
            }
            guard isOwn else { continue }
            if isSilent || session.leases.isDraining || session.isQuarantined {
                guard urgent.count < ClusterOverview.workersMax else { continue }
                urgent.append(ClusterDetails.Worker(session, role: role, at: now))
            } else if shown < calmMax {
                shown += 1
                calm.append(ClusterDetails.Worker(session, role: role, at: now))
            }
        }
    }
}
