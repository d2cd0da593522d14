import Cluster
import Logging
import Wire

// Notes of the state machines as log lines: a constant phrase, and facts under fixed keys.

extension Logger {
    /// A line of levels and counts, while something is there.
    func log(_ report: CoordinatorReport) {
        guard report.workers > 0 || report.shardsPending > 0 || report.rolloutWorkers > 0 else { return }
        var facts = report.counts
        facts["workers"] = "\(report.workers)"
        facts["shards_pending"] = "\(report.shardsPending)"
        facts["shards_leased"] = "\(report.shardsLeased)"
        facts["rollout_workers"] = "\(report.rolloutWorkers)"
        facts["plans"] = "\(report.plansKept)"
        info("coordinator", metadata: facts)
    }

    /// Logs an event of the coordinator's state machine.
    func log(_ note: CoordinatorState.LogEvent) {
        switch note {
        case .workerJoined(let name, let incarnation):
            info("worker joined", metadata: ["worker": "\(name)", "incarnation": "\(incarnation)"])
        case .workerLeft(let name, _):
            info("worker left", metadata: ["worker": "\(name)"])
        case .workerLost(let name, _, let reason, let pieces):
            warning(
                "worker lost", metadata: ["worker": "\(name)", "reason": "\(reason)", "pieces": "\(pieces)"])
        case .workerRefused(let name, let reason):
            error("worker refused", metadata: ["worker": "\(name)", "reason": "\(reason)"])
        case .clientJoined(let name):
            info("client joined", metadata: ["client": "\(name)"])
        case .clientLost(let job):
            warning("client lost", metadata: ["job": "\(job)"])
        case .jobOpened(let job, let policy, let rows):
            info("job opened", metadata: ["job": "\(job)", "policy": "\(policy)", "context_rows": "\(rows)"])
        case .jobRefused(let job, let reason):
            error("job refused", metadata: ["job": "\(job)", "reason": "\(reason)"])
        case .jobClosed(let job):
            info("job closed", metadata: ["job": "\(job)"])
        case .leaseExpired(let piece, let worker):
            warning("lease expired", metadata: ["shard": "\(piece.shard)", "worker": "\(worker)"])
        case .rowPoisoned(let piece):
            error("row poisoned", metadata: ["shard": "\(piece.shard)", "row": "\(piece.rows.lowerBound)"])
        case .unverified, .disagreement, .workerQuarantined, .quarantineLifted: logVerification(note)
        }
    }

    /// Logs an event of the planner of a tenant.
    func log(_ note: PlannerState.LogEvent, of tenant: String?) {
        var logger = self
        if let tenant { logger[metadataKey: "tenant"] = "\(tenant)" }
        logger.log(note)
    }

    private func log(_ note: PlannerState.LogEvent) {
        switch note {
        case .planOpened(let plan, let prompts, let total, let contextRows):
            info(
                "plan opened",
                metadata: [
                    "plan": "\(plan)", "prompts": "\(prompts)", "total": "\(total)", "context_rows": "\(contextRows)",
                ])
        case .planEnded(let plan, let status, let utility, let uniformUtility):
            let facts: Metadata = [
                "plan": "\(plan)", "status": "\(status)", "utility": "\(utility)", "uniform": "\(uniformUtility)",
            ]
            if status == .ok { info("plan ended", metadata: facts) } else { warning("plan ended", metadata: facts) }
        case .planRefused(let plan, let reason):
            warning("plan refused", metadata: ["plan": "\(plan)", "reason": "\(reason)"])
        case .trainerWentBack(let policyID, let step, let attempt, let plans, let outcomes):
            info(
                "trainer went back",
                metadata: [
                    "policy": "\(policyID)", "step": "\(step)", "attempt": "\(attempt)", "plans": "\(plans)",
                    "outcomes": "\(outcomes)",
                ])
        case .planForgotten(let plan): debug("plan forgotten", metadata: ["plan": "\(plan)"])
        case .policyForgotten(let policyID, let reason):
            warning("policy forgotten", metadata: ["policy": "\(policyID)", "reason": "\(reason)"])
        case .rolloutJoined(let name, let incarnation):
            info("rollout worker joined", metadata: ["worker": "\(name)", "incarnation": "\(incarnation)"])
        case .rolloutLeft(let name, _): info("rollout worker left", metadata: ["worker": "\(name)"])
        case .rolloutLost(let name, _, let reason, let assignments):
            warning(
                "rollout worker lost",
                metadata: ["worker": "\(name)", "reason": "\(reason)", "assignments": "\(assignments)"])
        case .rolloutRefused(let name, let reason):
            error("rollout worker refused", metadata: ["worker": "\(name)", "reason": "\(reason)"])
        case .rewardsRejected(let name, let reason):
            error("rewards rejected", metadata: ["assignment": "\(name)", "reason": "\(reason)"])
        }
    }
}

extension CoordinatorReport {
    /// Counts since the start.
    var counts: Logger.Metadata {
        [
            "rows": "\(rowsAnswered)", "row_errors": "\(rowErrors)", "received": "\(messagesReceived)",
            "sent": "\(messagesSent)", "refused": "\(messagesRefused)", "unroutable": "\(messagesUnroutable)",
        ]
    }
}
