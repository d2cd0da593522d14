import DequeModule
import OrderedCollections
import Planning
import Scoring
import Wire

// A request for a plan: whether it is admitted, what of the history its plan is based on, which older plan makes room.

extension PlannerState {
    /// Checks a request, and then opens its plan.
    mutating func check(
        _ request: RequestPlan, from peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        let bytes = request.textBytes
        guard hasSpace(forWork: bytes) else {
            let message =
                "\(workBytes) bytes of requests are being prepared, and no more are accepted; try again in a second"
            return refuse(
                request.plan, PlanRefusal(reason: .capacity, message: message), to: peer, &actions)
        }
        start(
            .check(request, from: peer, arrived: arrived), reading: heldMessages[peer] == nil ? bytes : .max,
            keeping: bytes, at: now, &actions)
    }

    /// Answers a request by the plan of its step, or begins to prepare one.
    mutating func open(
        _ checked: CheckedRequest, for peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) {
        var request = checked.request
        let name = request.plan
        recordUse(of: name.policyID)
        if preparing[name]?.identity == checked.identity {
            _ = awaitPlan(name, by: peer)
            return
        }
        if let known = sessions[name], known.opening.identity == checked.identity {
            listen(peer, to: name)
            sendAll(of: name, to: peer, groupsAfter: 0, &actions)
            if known.end == nil, deadlines[name] == nil {
                // An earlier generation of the coordinator began it; what is missing is predicted now.
                setDeadline(of: name, to: arrived + request.deadline)
                predict(name, at: now, &actions)
            }
            return
        }
        do throws(PlanRefusal) {
            try checkAttempt(of: request)
            if let refusal = checked.refusal { throw refusal }
            try fillTexts(&request)
            try goBack(for: request, &actions)
            try checkInFlight(request)
        } catch {
            return refuse(name, error, to: peer, &actions)
        }
        preparing.begin(
            name,
            PlanInPreparation(identity: checked.identity, listeners: [], deadline: arrived + request.deadline))
        _ = awaitPlan(name, by: peer)
        var progress = RequestInProgress(request, identity: checked.identity, texts: Self.texts(request.outcomes))
        guard record(&progress, &actions) else { return pending.prepend(.request(progress)) }
        prepare(progress, at: now, &actions)
    }

    /// Prepares the plan of a request whose outcomes are recorded.
    mutating func prepare(_ progress: RequestInProgress, at now: Instant, _ actions: inout [Action]) {
        let request = progress.request
        var warnings = progress.warnings
        for plan in oldPlans(before: request) where sessions[plan]?.isInFlight(countsGroups: false) == true {
            warnings.append(
                "the plan of step \(plan.step) was dropped before its groups were done, because "
                    + "\(configuration.plansMax) plans are kept; in_flight_max bounds unfinished steps")
        }
        for reference in request.references { recordUse(of: reference) }
        let preparation = PlanPreparation(
            basis: basis(for: request), identity: progress.identity, warnings: warnings, attemptsBefore: attempts)
        start(
            .prepare(preparation), reading: preparation.basis.bytes, keeping: request.textBytes, at: now, &actions)
    }

    /// Opens a plan that is prepared. One that is late already is ended at once, without predictions.
    mutating func receive(_ prepared: PreparedPlan, at now: Instant, _ actions: inout [Action]) {
        let name = prepared.plan
        // Otherwise it was forgotten with its policy.
        guard preparing[name]?.identity == prepared.identity, let waiting = endPreparation(of: name) else {
            return
        }
        do throws(PlanRefusal) {
            guard case .ready(let ready) = prepared.result else {
                if case .refused(let message) = prepared.result {
                    throw PlanRefusal(reason: .invalid, message: message)
                }
                return
            }
            try makeSpace(for: ready.session, &actions)
            let request = ready.opening.request
            actions.append(.journal(.planOpened(ready.opening)))
            journal(adopt(ready.session), of: name.policyID, &actions)
            actions.append(
                .log(
                    .planOpened(
                        name, prompts: request.candidates.count, total: request.total,
                        contextRows: ready.opening.contextRows)))
            setDeadline(of: name, to: waiting.deadline)
            for peer in waiting.listeners { listen(peer, to: name) }
            keepWithinBounds(name.policyID, &actions)
            if waiting.deadline <= now {
                cut(name, &actions)
            } else {
                begin(ready.predictions, of: name, at: now, &actions)
            }
        } catch {
            for peer in waiting.listeners { refuse(name, error, to: peer, &actions) }
        }
    }

    /// What the predictions of a request are based on now.
    func basis(for request: RequestPlan) -> PlanBasis {
        let readsSide = predictions.model.map { !textOnlyModels.contains($0.digest) } ?? true
        let kept = sessions.plans(of: request.plan.policyID).names.filter { $0 < request.plan }
        let ids = Set([request.plan.policyID] + request.references)
        return PlanBasis(
            request: request,
            histories: Dictionary(uniqueKeysWithValues: ids.compactMap { id in histories[id].map { (id, $0) } }),
            earlier: kept.sorted().compactMap { sessions[$0] }, readsSide: readsSide)
    }

    /// Codes of refusals and of rejected outcomes that programs may rely on.
    enum Code {
        static let abandoned = "abandoned"
        static let stepsInFlight = "steps_in_flight"
    }

    // MARK: Admission

    /// A step that has another plan needs a larger attempt or `replace`; an attempt that was abandoned gets none.
    private func checkAttempt(of request: RequestPlan) throws(PlanRefusal) {
        let name = request.plan
        let current = histories[name.policyID]?.attempts.current ?? 0
        guard request.attempt >= current else {
            throw PlanRefusal(
                reason: .conflict,
                message: "attempt \(request.attempt) of \(name.policyID) is over, attempt \(current) has begun; "
                    + "end this trainer, or start it with a larger attempt", code: Code.abandoned)
        }
        guard sessions[name] == nil && preparing[name] == nil || request.attempt > current || request.replaces else {
            throw PlanRefusal(
                reason: .conflict,
                message: "step \(name) was planned for another request; repeat the first request unchanged, or use a "
                    + "new step; a trainer that has gone back to this step sends a larger attempt, or replace")
        }
    }

    /// Fills in the texts of candidates that were sent without one. Throws `unknown` where the history has none, and
    /// `invalid` where the request with all texts is larger than a message.
    private mutating func fillTexts(_ request: inout RequestPlan) throws(PlanRefusal) {
        let named = request.candidates.lazy.filter(\.text.isEmpty).map(\.promptID)
        guard !named.isEmpty else { return }
        let promptIDs = Array(named)
        try fillTexts(&request, from: histories[request.plan.policyID])
        histories[request.plan.policyID]?.recordUse(of: promptIDs)
    }

    private func fillTexts(_ request: inout RequestPlan, from history: PolicyHistory?) throws(PlanRefusal) {
        var bytes = 0
        for (index, candidate) in request.candidates.enumerated() {
            if candidate.text.isEmpty {
                guard let text = history?.text(of: candidate.promptID) else {
                    throw PlanRefusal(
                        reason: .unknown,
                        message:
                            "items[\(index)]: prompt \(candidate.promptID) has no text and none was sent before; send it"
                    )
                }
                request.candidates[index].text = text
            }
            bytes += request.candidates[index].text.utf8.count
        }
        // With some space for the header and the lengths.
        let bytesMax = Limits.messageBytesMax - Limits.headerBytesMax - request.candidates.count * 4
        guard bytes <= bytesMax else {
            throw PlanRefusal(
                reason: .invalid,
                message: "its prompts have \(bytes) bytes, the limit is \(bytesMax); divide the step in two")
        }
    }

    /// Throws where the policy has as many unfinished steps as the request allows.
    private func checkInFlight(_ request: RequestPlan) throws(PlanRefusal) {
        guard request.inFlightMax > 0 else { return }
        let most = min(request.inFlightMax, configuration.plansMax)
        let steps = sessions.plans(of: request.plan.policyID).names
            .filter { sessions[$0]?.isInFlight(countsGroups: true) == true }
            .map(\.step).sorted()
        guard let first = steps.first, steps.count >= most else { return }
        throw PlanRefusal(
            reason: .capacity,
            message: "\(steps.count) steps of \(request.plan.policyID) are unfinished, "
                + "\(first) to \(steps.last ?? first), and \(most) may be; wait for the groups of step \(first), or drop its plan",
            code: Code.stepsInFlight)
    }

    // MARK: Room

    /// Plans that make room for another one: finished ones first, and those that were made first.
    func oldPlans(before request: RequestPlan) -> [PlanName] {
        // In the order in which they were made: after the trainer has gone back, a later step may be the older plan.
        let own = sessions.plans(of: request.plan.policyID).names
        let excess = own.count - configuration.plansMax + 1
        guard excess > 0 else { return [] }
        let isUnfinished = { (plan: PlanName) in sessions[plan]?.isInFlight(countsGroups: false) == true }
        return Array((own.filter { !isUnfinished($0) } + own.filter(isUnfinished)).prefix(excess))
    }

    /// Drops a plan with its groups; peers that wait for its end get the reason.
    mutating func forget(_ plan: PlanName, because reason: PlanRefusal, _ actions: inout [Action]) {
        guard let session = sessions[plan] else { return }
        for (index, group) in session.groups.enumerated() {
            if let lease = group.lease { release(lease, of: plan, index) }
        }
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        for peer in listeners[plan] ?? [] where session.end == nil {
            let stated = PlanRefusal(
                reason: reason.reason, message: "step \(plan): \(reason.message)", code: reason.code)
            refuse(plan, stated, to: peer, &actions)
        }
        removeSession(plan)
        for peer in listeners[plan] ?? [] { trainers[peer]?.follows.remove(plan) }
        dropStaleKeysIfMany()
        deadlines[plan] = nil
        listeners[plan] = nil
        evidence[plan] = nil
        contextAges[plan] = nil
        histories[plan.policyID]?.dropPrice(ofStep: plan.step)
        actions.append(.journal(.planForgotten(plan)))
        actions.append(.log(.planForgotten(plan)))
    }
}
