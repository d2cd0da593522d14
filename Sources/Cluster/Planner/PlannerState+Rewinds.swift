import OrderedCollections
import Planning
import Scoring
import Wire

// A trainer goes back to an earlier step: what it had from that step on is dropped, and what is reported late of it does
// not count.

extension PlannerState {
    /// Answers a trainer that drops plans.
    mutating func drop(_ request: DropPlans, from peer: Peer, _ actions: inout [Action]) {
        let subject = RequestRefused.Subject.request(request.request)
        do throws(RequestFault) {
            try request.check()
        } catch {
            return send(.requestRefused(RequestRefused(subject, .invalid, message: "\(error)")), to: peer, &actions)
        }
        let known = histories[request.policyID]?.attempts ?? PolicyAttempts()
        guard request.attempt == 0 || request.attempt >= known.current else {
            let message =
                "attempt \(request.attempt) of \(request.policyID) is over, attempt \(known.current) has begun"
            return send(
                .requestRefused(RequestRefused(subject, .conflict, message: message, code: Code.abandoned)), to: peer,
                &actions)
        }
        var dropped = PlansDropped(request: request.request, plans: 0, groups: 0, outcomes: 0, attempt: known.current)
        // A repeated request must not drop what was planned since. An unknown policy has nothing to drop.
        let isRepeated = request.attempt > 0 && request.attempt == known.current
        let isKnown = histories[request.policyID] != nil || !preparing.names(of: request.policyID).isEmpty
        if isKnown, !isRepeated {
            dropped = goBack(
                request.policyID, to: request.fromStep, attempt: request.attempt,
                keepsOutcomes: request.keepsOutcomes, &actions)
            dropped.request = request.request
        }
        send(.plansDropped(dropped), to: peer, &actions)
    }

    /// Goes back where a request for a plan says so: it has a larger attempt, or it replaces plans of its step and later.
    mutating func goBack(for request: RequestPlan, _ actions: inout [Action]) throws(PlanRefusal) {
        let name = request.plan
        let isLarger = request.attempt > histories[name.policyID]?.attempts.current ?? 0
        let own = sessions.plans(of: name.policyID).names + preparing.names(of: name.policyID)
        let hasLater = own.contains { $0.step >= name.step }
        guard isLarger || request.replaces && hasLater else { return }
        // Nothing is dropped for a request that cannot be planned.
        var (trial, history) = (request, histories[name.policyID])
        if request.totalTokens != nil, !request.keepsOutcomes { _ = history?.drop(stepsFrom: name.step) }
        do throws(PlanningError) {
            let lengths = request.answerLengths(history)
            _ = try trial.applyTokens(lengths)
            _ = try PlanSession(
                PlanOpening(
                    request: trial, identity: [], minimum: request.minimum, maximum: request.maximum, price: nil,
                    contextRows: 0, staleness: -1, warnings: [], lengths: lengths))
        } catch {
            throw PlanRefusal(reason: .invalid, message: "\(error)")
        }
        _ = goBack(
            name.policyID, to: name.step, attempt: isLarger ? request.attempt : 0,
            keepsOutcomes: request.keepsOutcomes, &actions)
    }

    private mutating func goBack(
        _ policyID: String, to step: Int, attempt: UInt64, keepsOutcomes: Bool, _ actions: inout [Action]
    ) -> PlansDropped {
        var dropped = PlansDropped(request: 0, plans: 0, groups: 0, outcomes: 0, attempt: 0)
        let reason = PlanRefusal(
            reason: .conflict, message: "the trainer went back to step \(step)", code: Code.abandoned)
        for name in preparing.names(of: policyID) where name.step >= step {
            dropped.plans += 1
            for peer in endPreparation(of: name)?.listeners ?? [] {
                refuse(name, reason, to: peer, &actions)
            }
        }
        for name in sessions.plans(of: policyID).names where name.step >= step {
            dropped.plans += 1
            dropped.groups += sessions[name]?.groups.count { $0.isQueued || $0.lease != nil } ?? 0
            forget(name, because: reason, &actions)
        }
        if !keepsOutcomes {
            dropped.outcomes = dropOutcomes(of: policyID, from: step, &actions)
        }
        let empty = PolicyHistory(outcomesMax: configuration.outcomesMax)
        histories[policyID, default: empty].attempts.begin(attempt, at: step)
        let attempts = histories[policyID]?.attempts ?? PolicyAttempts()
        dropped.attempt = attempts.current
        actions.append(.journal(.attemptBegan(policyID: policyID, attempts.durable)))
        actions.append(
            .log(
                .trainerWentBack(
                    policyID: policyID, step: step, attempt: dropped.attempt, plans: dropped.plans,
                    outcomes: dropped.outcomes)))
        return dropped
    }

    /// Drops the outcomes of a step and all later ones. Returns how many.
    private mutating func dropOutcomes(of policyID: String, from step: Int, _ actions: inout [Action]) -> Int {
        let count = histories[policyID]?.outcomes.count ?? 0
        let events = histories[policyID]?.drop(stepsFrom: step) ?? []
        guard !events.isEmpty else { return 0 }
        // The journal is a little behind with deleting, and what is there must not come back in the place of what is dropped.
        if count == configuration.outcomesMax {
            actions.append(.journal(.outcomesTrimmed(policyID: policyID, keeping: count)))
        }
        actions.append(.journal(.outcomesForgotten(policyID: policyID, eventIDs: events)))
        return events.count
    }

    /// Whether an outcome is of a step that the trainer has abandoned. `attempt` is that of its report.
    func isAbandoned(_ outcome: GroupOutcome, of policyID: String, attempt: UInt64) -> Bool {
        guard let attempts = histories[policyID]?.attempts, !attempts.isEmpty else { return false }
        if let step = outcome.step ?? outcome.policyVersion, attempts.hasAbandoned(attempt, step: step) { return true }
        guard let step = outcome.step, attempts.hasRewound(before: step) else { return false }
        // The trainer went back without a number. A step or a prompt without a plan is of the time before.
        let session = sessions[PlanName(policyID: policyID, step: step)]
        return session.map { $0.index(of: outcome.promptID) == nil } ?? attempts.isUnplanned(step)
    }
}
