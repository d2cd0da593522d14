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
        /// Groups by event, of plans that are kept and of those that a trainer's rewind has dropped.
        var (groups, droppedGroups): ([PlanName: [String: GroupReport]], [String: GroupReport]) = ([:], [:])
        var drops: [PlanName: Int] = [:]
        var outcomes: Set<String> = []
        for entry in disk {
            switch entry {
            case .groupReported(let plan, let group):
                if groups[plan, default: [:]].updateValue(group, forKey: group.eventID) != nil
                    || droppedGroups[group.eventID] != nil
                {
                    report.broken.append("\(group.eventID) was recorded twice")
                }
                if coordinator.drops[tenant]?[group.eventID] != drops[plan, default: 0] {
                    report.broken.append("\(group.eventID) counts in a plan that was made later")
                }
            case .planForgotten(let plan):
                drops[plan, default: 0] += 1
                droppedGroups.merge(groups.removeValue(forKey: plan) ?? [:]) { $1 }
            case .outcomesRecorded(_, let recorded):
                for outcome in recorded where !outcomes.insert(outcome.eventID).inserted {
                    report.broken.append("\(outcome.eventID) is in the history twice")
                }
            case .outcomesForgotten(_, let eventIDs): outcomes.subtract(eventIDs)
            default: break
            }
        }
        for (plan, groups) in groups {
            for reward in groups.values.flatMap(\.rewards) where !seen.contains(reward) {
                report.broken.append("reward \(reward) of \(plan) was recorded and lost")
            }
        }
        for group in droppedGroups.values {
            for reward in group.rewards where seen.contains(reward) {
                report.broken.append("reward \(reward) of \(group.eventID) was trained on after its plan was dropped")
            }
        }
        report.droppedGroups += droppedGroups.count
        let kept = Set(groups.values.flatMap(\.keys))
        for (index, rollout) in rollouts.enumerated() where faultPlan.tenant(of: .rollout, index) == tenant {
            for name in rollout.acknowledged where !kept.contains("\(name)") && droppedGroups["\(name)"] == nil {
                report.broken.append("rollout worker \(index) has an acknowledgement of \(name), which is not recorded")
            }
        }
        if outcomes != kept { report.broken.append("history and groups have different rollouts") }
    }
}
