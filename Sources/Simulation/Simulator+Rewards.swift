import Cluster
import Wire

/// The final check on rewards.
extension Simulator {
    /// Checks, at the end of a run, that every acknowledged reward was trained on, none twice, and that the journal has
    /// the same rewards.
    mutating func checkRewards() {
        var seen: Set<Double> = []
        var trained = 0
        for trainer in trainers {
            report.fallbacks += trainer.fallbacks
            report.rolloutsDrawn += trainer.drawn
            for groups in trainer.trained.values {
                for group in groups {
                    trained += 1
                    for reward in group.rewards where !seen.insert(reward).inserted {
                        report.broken.append("reward \(reward) of \(group.promptID) was counted twice")
                    }
                }
            }
        }
        report.groups = trained
        report.rewards = seen.count
        let tenants = [(nil, coordinator.planDisk)] + coordinator.tenantDisks.map { ($0, $1) }
        for (tenant, disk) in tenants { check(disk, of: tenant, seen: seen) }
    }

    /// Checks the entries of one tenant's planner, and the acknowledgements of its rollout workers.
    private mutating func check(_ disk: [PlannerEntry], of tenant: String?, seen: Set<Double>) {
        var recorded: [String: Set<Double>] = [:]
        for entry in disk {
            guard case .groupReported(let plan, let group) = entry else { continue }
            for reward in group.rewards {
                if !seen.contains(reward) { report.broken.append("reward \(reward) of \(plan) was recorded and lost") }
            }
            if recorded.updateValue(Set(group.rewards), forKey: group.eventID) != nil {
                report.broken.append("\(group.eventID) was recorded twice")
            }
        }
        for (index, rollout) in rollouts.enumerated() where faultPlan.tenant(of: .rollout, index) == tenant {
            for name in rollout.acknowledged where recorded["\(name)"] == nil {
                report.broken.append("rollout worker \(index) has an acknowledgement of \(name), which is not recorded")
            }
        }
        var outcomes: Set<String> = []
        for entry in disk {
            guard case .outcomesRecorded(_, let recorded) = entry else { continue }
            for outcome in recorded where !outcomes.insert(outcome.eventID).inserted {
                report.broken.append("\(outcome.eventID) is in the history twice")
            }
        }
        if outcomes != Set(recorded.keys) { report.broken.append("history and groups have different rollouts") }
    }
}
