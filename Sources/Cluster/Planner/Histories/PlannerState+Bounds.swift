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
    private func idlePolicy(besides policyID: String) -> String? {
        let busy = Set(sessions.values.lazy.filter { $0.end == nil }.map(\.name.policyID))
            .union(preparing.keys.lazy.map(\.policyID))
        return histories.all.lazy.filter { $0.key != policyID && !busy.contains($0.key) }
            .min { $0.value.lastUse < $1.value.lastUse }?.key
    }

    /// Forgets all of a policy: its plans, outcomes and texts.
    mutating func forget(policy policyID: String, because reason: String, _ actions: inout [Action]) {
        for plan in preparing.keys where plan.policyID == policyID {
            for peer in preparing.removeValue(forKey: plan)?.listeners ?? [] {
                refuse(
                    plan, PlanRefusal(reason: .capacity, message: "policy \(policyID): \(reason)"), to: peer, &actions)
            }
        }
        let forgotten = PlanRefusal(reason: .capacity, message: reason)
        for plan in sessions.keys where plan.policyID == policyID { forget(plan, because: forgotten, &actions) }
        guard histories[policyID] != nil else { return }
        histories[policyID] = nil
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
        while planBytes + session.bytes > configuration.planBytesMax
            || candidatesKept + session.groups.count > configuration.candidatesMax
        {
            let over = sessions.values.lazy.filter(\.isOver).map(\.name)
            let idle = sessions.values.lazy.filter { $0.end != nil && $0.name.policyID != policyID }.map(\.name)
            guard let plan = oldest(of: Array(over)) ?? oldest(of: Array(idle)) else {
                throw PlanRefusal(
                    reason: .capacity,
                    message: "\(sessions.count) plans are under way, and no more prompts are kept; try again when one "
                        + "has ended")
            }
            counts.plansEvicted += 1
            forget(plan, because: reason, &actions)
        }
    }

    /// The plan of the policy that is idle for the longest time, the lowest step first.
    private func oldest(of plans: [PlanName]) -> PlanName? {
        plans.min {
            (histories[$0.policyID]?.lastUse ?? 0, $0.step) < (histories[$1.policyID]?.lastUse ?? 0, $1.step)
        }
    }
}
