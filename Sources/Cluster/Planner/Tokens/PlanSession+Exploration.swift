import Planning
import Scoring
import Wire

// Exploration over the steps of a run: what a plan leaves to the next one, and since when its candidates have had no
// rollouts. Both follow from the plan's opening and its budgets, so they survive a restart.

extension PlanSession {
    /// Rollouts that only exploration has caused.
    var exploredRollouts: Int { explored.values.reduce(0, +) }

    /// The run's budget for exploration after this plan.
    var explorationBudget: ExplorationBudget {
        ExplorationBudget(saved: opening.exploration.saved)
            .after(share: request.explore, total: request.total, spent: exploredRollouts)
    }

    /// Steps since a candidate of this plan had rollouts, at a later step. A budget that is not decided yet counts as
    /// rollouts.
    func wait(of promptID: String, at step: Int) -> Int? {
        guard let index = index(of: promptID) else { return nil }
        let since = step - name.step
        guard budgets[index] == 0, opening.exploration.waits.indices.contains(index) else { return since }
        return since + opening.exploration.waits[index]
    }
}

extension RequestPlan {
    /// Steps since each candidate had rollouts, by plans kept and by outcomes; since it was a candidate first, if it never
    /// had any. `earlier` are plans of earlier steps, the latest first. Cost: a look-up for each candidate and plan.
    func waits(_ history: PolicyHistory?, after earlier: [PlanSession]) -> [Int] {
        candidates.map { candidate in
            let planned = earlier.lazy.compactMap { $0.wait(of: candidate.promptID, at: plan.step) }.first
            let reported = history?.age(of: candidate.text, at: policyVersion ?? plan.step)
            if let wait = [planned, reported].compactMap({ $0 }).min() { return max(0, wait) }
            // It was named before, but neither a plan that is kept nor an outcome has it: due.
            return history?.text(of: candidate.promptID) == nil ? 0 : revisitAfter
        }
    }

    /// Applies exploration over the run: raises the floors of prompts that are due. Throws the errors of sizes.
    mutating func applyExploration(
        _ history: PolicyHistory?, after earlier: [PlanSession]
    ) throws(PlanningError) -> PlanOpening.Exploration {
        guard explore > 0 else { return PlanOpening.Exploration() }
        let budget = earlier.first?.explorationBudget ?? ExplorationBudget()
        var found = PlanOpening.Exploration(saved: budget.saved)
        var rollouts = 0
        if revisitAfter > 0 {
            found.waits = waits(history, after: earlier)
            let schedule = try VisitSchedule(
                zip(candidates, found.waits).map {
                    VisitSchedule.Candidate(promptID: $0.promptID, wait: $1, floor: $0.minimum, cap: $0.maximum)
                },
                after: revisitAfter, rollouts: budget.available(share: explore, total: total), total: total,
                sizes: sizes(), seed: Exploration.seed(policyID: plan.policyID, step: plan.step))
            found.visits = schedule.visits
            for index in schedule.visits { candidates[index].minimum = schedule.size }
            rollouts = schedule.visits.count * schedule.size
        }
        found.share = budget.share(explore, total: total, visits: rollouts)
        return found
    }
}
