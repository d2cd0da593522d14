import OrderedCollections
import Wire

// What an operator asks both machines. `drain` and `cancel` send messages; nothing of it needs the journal, except the end
// of a job.

extension CoordinatorMachines {
    /// Answers an operator, with what the driver must do: about its scope alone, as if there were nothing else. Cost: some
    /// microseconds for each worker, job and plan.
    public mutating func handle(
        _ request: OperatorRequest, in scope: Scope = .all, at now: Instant
    ) -> (answer: OperatorAnswer, actions: [Action]) {
        switch request {
        case .details: return (.details(details(of: scope, at: now)), [])
        case .overview: return (.overview(overview(of: scope, at: now)), [])
        case .drain(let name): return drain(name, in: scope, at: now)
        case .cancel(let job): return cancel(job, in: scope, at: now)
        }
    }

    private mutating func drain(
        _ name: String, in scope: Scope, at now: Instant
    ) -> (answer: OperatorAnswer, actions: [Action]) {
        let workers = coordinator.workers.sessions.values.filter { scope.includes($0.peer.tenant) }.map(\.name)
        let rollouts = planners.filter { scope.includes($0.key) }.values
            .flatMap { $0.rollouts.sessions.values.map(\.name) }
        guard (workers + rollouts).contains(name) else {
            return (.unknown(message: "no worker is named \(name); there are \(Self.list(workers + rollouts))"), [])
        }
        let generation = coordinator.generation
        let found =
            changeSessions { $0.drain(name, in: scope) } + changeRollouts(in: scope) { $0.drain(name, in: scope) }
        let actions = found.map { Action.send(Envelope(generation: generation, .drain), to: $0.peer) }
        return (.draining(workers: found.count, leases: found.reduce(0) { $0 + $1.leases }), actions)
    }

    private mutating func cancel(
        _ text: String, in scope: Scope, at now: Instant
    ) -> (answer: OperatorAnswer, actions: [Action]) {
        guard let id = JobID(hex: text), let job = coordinator.jobs[id], scope.includes(job.tenant) else {
            let ids = coordinator.jobs.filter { scope.includes($0.value.tenant) }.keys.map(\.description)
            return (.unknown(message: "no job \(text.prefix(64)); there are \(Self.list(ids))"), [])
        }
        let pieces = job.pendingCount + job.leasedCount
        return (.cancelled(pieces: pieces), handle(.cancelled(id), at: now))
    }

    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "none" }
        let more = names.count - 20
        return names.prefix(20).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private func details(of scope: Scope, at now: Instant) -> ClusterDetails {
        var details = ClusterDetails()
        let own = planners.filter { scope.includes($0.key) }.values
        let workers: [ClusterDetails.Worker] =
            coordinator.workers.sessions.values.filter { scope.includes($0.peer.tenant) }
            .map { .init($0, role: "value", at: now) }
            + own.flatMap { $0.rollouts.sessions.values.map { .init($0, role: "rollout", at: now) } }
        if scope.tenant != nil {
            details.sharedWorkers = coordinator.workers.sessions.values.count { $0.peer.tenant == nil }
        }
        details.workersOmitted = max(0, workers.count - ClusterDetails.workersMax)
        details.workers =
            details.workersOmitted == 0
            ? workers
            : Array(workers.sorted { $0.silentSeconds > $1.silentSeconds }.prefix(ClusterDetails.workersMax))
        let jobs = coordinator.jobs.filter { scope.includes($0.value.tenant) }
        details.jobsOmitted = max(0, jobs.count - ClusterDetails.jobsMax)
        details.jobs = jobs.prefix(ClusterDetails.jobsMax).map { .init($0.key, $0.value) }
        details.plans = own.flatMap { planner in
            planner.sessions.all.suffix(ClusterDetails.plansMax / own.count).reversed()
                .map { .init($0, of: planner.tenant) }
        }
        return details
    }
}

extension Membership {
    /// Marks all sessions of a name as draining; returns where they are reached and what they hold.
    mutating func drain(_ name: String, in scope: Scope = .all) -> [(peer: Peer, leases: Int)] {
        var found: [(peer: Peer, leases: Int)] = []
        for (incarnation, session) in sessions where session.name == name && scope.includes(session.peer.tenant) {
            change(incarnation) { $0.leases.isDraining = true }
            if let session = sessions[incarnation] { found.append((session.peer, session.leases.count)) }
        }
        return found
    }
}

extension ClusterDetails.Worker {
    init(_ session: some MemberSession, role: String, at now: Instant) {
        self.init(
            name: session.name, role: role, silentSeconds: (now - session.lastReceived) / .seconds(1),
            isDraining: session.leases.isDraining, isQuarantined: session.isQuarantined ? true : nil,
            leases: session.leases.count, rows: session.leases.rows,
            expiresSeconds: session.leases.nextExpiry.map { ($0 - now) / .seconds(1) }, tenant: session.peer.tenant)
    }
}

extension ClusterDetails.Job {
    init(_ id: JobID, _ job: Job) {
        let owner =
            switch job.client {
            case nil: "away"
            case let client? where PlannerState.isClient(client): "plans"
            default: "client"
            }
        self.init(
            id: id.description, owner: owner, pending: job.pendingCount, leased: job.leasedCount,
            unconfirmed: job.answers.count, rows: job.rowsUnconfirmed, confirmedShards: Int(job.confirmedBelow),
            rowsAnswered: job.rowsAnswered, rowsTotal: job.rowsTotal > 0 ? job.rowsTotal : nil,
            tenant: job.tenant)
    }
}

extension ClusterDetails.Plan {
    fileprivate init(_ session: PlanSession, of tenant: String?) {
        self.init(
            policyID: session.name.policyID, step: session.name.step, prompts: session.budgets.count,
            predicted: session.beliefs.count { $0 != nil }, budgets: session.budgets.count { $0 != nil },
            groupsDone: session.done.count, hasEnded: session.end != nil, tenant: tenant)
    }
}
