import OrderedCollections
import Planning
import Scoring
import Wire

// Bounds of memory: how much of histories and plans is kept, and what is removed first. Everything that is removed is
// removed from the journal too, so the journal does not grow beyond what is kept.

extension PlannerState {
    /// Records that a policy is in use.
    mutating func recordUse(of policyID: String) {
        useNumber += 1
        histories[policyID]?.lastUse = useNumber
    }

    /// Bytes of all histories, about.
    var historyBytes: Int { histories.sums.bytes }

    /// Removes what is beyond the bounds after a policy's history has grown: first the policy's texts that were not used
    /// for the longest time, then other policies, the idle ones first, then its own oldest outcomes.
    mutating func keepWithinBounds(_ policyID: String, _ actions: inout [Action]) {
        forgetTexts(of: policyID, &actions, beyond: configuration.textBytesMax, of: \.knownTexts.bytes)
        while histories.count > configuration.policiesMax || historyBytes > configuration.historyBytesMax,
            let idle = idlePolicy(besides: policyID)
        {
            counts.policiesEvicted += 1
            forget(policy: idle, because: "its history was removed to make room for other policies", &actions)
        }
        guard historyBytes > configuration.historyBytesMax else { return }
        let others = historyBytes - (histories[policyID]?.bytes ?? 0)
        forgetTexts(of: policyID, &actions, beyond: configuration.historyBytesMax - others, of: \.bytes)
        let removed = histories[policyID]?.forgetOutcomes(beyond: configuration.historyBytesMax - others) ?? 0
        guard removed > 0, let rest = histories[policyID]?.outcomes.count else { return }
        counts.outcomesEvicted += removed
        actions.append(.journal(.outcomesTrimmed(policyID: policyID, keeping: rest)))
    }

    /// Forgets a policy's texts, those that were not used for the longest time first, until it has few enough bytes.
    private mutating func forgetTexts(
        of policyID: String, _ actions: inout [Action], beyond bytesMax: Int, of bytes: KeyPath<PolicyHistory, Int>
    ) {
        let forgotten = histories[policyID]?.forgetTexts(beyond: bytesMax, of: bytes) ?? []
        guard !forgotten.isEmpty else { return }
        counts.textsEvicted += forgotten.count
        actions.append(.journal(.textsForgotten(policyID: policyID, promptIDs: forgotten)))
    }

    /// The policy that is idle for the longest time, of those without a plan under way; `nil` where there is none.
    private mutating func idlePolicy(besides policyID: String) -> String? {
        updateRanks()
        return ranks.idle.first(besides: policyID)?.key
    }

    /// Forgets all of a policy: its plans, outcomes and texts.
    mutating func forget(policy policyID: String, because reason: String, _ actions: inout [Action]) {
        for plan in preparing.names(of: policyID) {
            for peer in endPreparation(of: plan)?.listeners ?? [] {
                refuse(
                    plan, PlanRefusal(reason: .capacity, message: "policy \(policyID): \(reason)"), to: peer, &actions)
            }
        }
        let forgotten = PlanRefusal(reason: .capacity, message: reason)
        for plan in sessions.plans(of: policyID).names { forget(plan, because: forgotten, &actions) }
        guard let history = histories[policyID] else { return }
        histories[policyID] = nil
        // Parts of a large policy first, so that other tenants have their turn between them.
        let rows = max(history.outcomes.count, history.knownTexts.count)
        for _ in 0..<rows / PlannerEntry.reducedRows { actions.append(.journal(.policyReduced(policyID))) }
        actions.append(.journal(.policyForgotten(policyID)))
        actions.append(.log(.policyForgotten(policyID, reason: reason)))
    }

    // MARK: Plans

    /// Forgets plans until another one fits: the policy's own of earlier steps, then those that are over, of the policies
    /// that are idle for the longest time first. Throws where too much is kept even so.
    mutating func makeSpace(for session: PlanSession, _ actions: inout [Action]) throws(PlanRefusal) {
        let policyID = session.name.policyID
        guard session.bytes <= configuration.planBytesMax, session.groups.count <= configuration.candidatesMax else {
            throw PlanRefusal(
                reason: .invalid,
                message:
                    "the plan has \(session.groups.count) prompts of \(session.bytes) bytes; this coordinator keeps "
                    + "at most \(configuration.candidatesMax) prompts of \(configuration.planBytesMax) bytes; plan "
                    + "smaller steps, or start it with a higher --plan-mib")
        }
        let reason = PlanRefusal(reason: .capacity, message: "it was dropped for later steps before it ended")
        for old in oldPlans(before: session.request) { forget(old, because: reason, &actions) }
        while sessions.sums.bytes + session.bytes > configuration.planBytesMax
            || sessions.sums.candidates + session.groups.count > configuration.candidatesMax
        {
            updateRanks()
            let over = ranks.over.first.flatMap { lowestStep(of: $0.key, where: \.isOver) }
            let ended = ranks.ended.first(besides: policyID)
            guard let plan = over ?? ended.flatMap({ lowestStep(of: $0.key) { $0.end != nil } })
            else {
                throw PlanRefusal(
                    reason: .capacity,
                    message: "\(sessions.count) plans are under way, and no more prompts are kept; try again when one "
                        + "has ended")
            }
            counts.plansEvicted += 1
            forget(plan, because: reason, &actions)
        }
    }

    /// The plan of a policy with the lowest step, of some of its plans. Cost: a look at each plan of the policy.
    private func lowestStep(of policyID: String, where isChosen: (PlanSession) -> Bool) -> PlanName? {
        sessions.plans(of: policyID).names.filter { sessions[$0].map(isChosen) == true }.min { $0.step < $1.step }
    }
}
