import OrderedCollections
import Planning
import Scoring
import Wire

// A request for a plan: whether it is admitted, what of the history its plan is based on, which older plan makes room.

extension PlannerState {
    mutating func open(_ request: RequestPlan, for peer: Peer, at now: Instant, _ actions: inout [Action]) {
        let name = request.plan
        let identity = request.identity.bytes
        if let known = sessions[name], known.opening.identity == identity {
            listen(peer, to: name)
            sendAll(of: name, to: peer, groupsAfter: 0, &actions)
            if known.end == nil, deadlines[name] == nil {
                // An earlier generation of the coordinator began it; what is missing is predicted now.
                deadlines[name] = now + request.deadline
                predict(name, at: now, &actions)
            }
            return
        }
        do {
            try checkAttempt(of: request)
            var request = request
            try request.check()
            try checkCapacity(forPolicy: name.policyID)
            try fillTexts(&request)
            try checkReadable(request)
            try goBack(for: request, &actions)
            try checkInFlight(request)
            var warnings: [String] = []
            record(request.outcomes, of: request, &warnings, &actions)
            request.outcomes = []
            let old = oldPlans(before: request)
            for plan in old where sessions[plan]?.isInFlight(countsGroups: false) == true {
                warnings.append(
                    "the plan of step \(plan.step) was dropped before its groups were done, because "
                        + "\(configuration.plansMax) plans are kept; in_flight_max bounds unfinished steps")
            }
            let lengths = request.answerLengths(histories[name.policyID])
            warnings += try request.applyTokens(lengths)
            let exploration = try request.applyExploration(histories[name.policyID], after: earlier(than: request))
            let (opening, session) = try begin(
                opening(
                    request, identity: identity, lengths: lengths, exploration: exploration, warnings: warnings))
            try forget(old, for: session, &actions)
            actions.append(.journal(.planOpened(opening)))
            adopt(session)
            actions.append(
                .log(
                    .planOpened(
                        name, prompts: request.candidates.count, total: request.total, contextRows: opening.contextRows)
                ))
            deadlines[name] = now + request.deadline
            listen(peer, to: name)
            predict(name, at: now, &actions)
        } catch let refusal as PlanRefusal {
            refuse(name, refusal, to: peer, &actions)
        } catch {
            refuse(name, PlanRefusal(reason: .invalid, message: "\(error)"), to: peer, &actions)
        }
    }

    /// Why a plan is not opened.
    struct PlanRefusal: Error {
        let reason: RequestRefused.Reason
        let message: String
        /// For programs; empty where the reason says enough.
        var code = ""
    }

    /// Codes of refusals and of rejected outcomes that programs may rely on.
    enum Code {
        static let abandoned = "abandoned"
        static let stepsInFlight = "steps_in_flight"
    }

    // MARK: Admission

    /// A step that has another plan needs a larger attempt or `replace`; an attempt that was abandoned gets none.
    private func checkAttempt(of request: RequestPlan) throws {
        let name = request.plan
        let current = histories[name.policyID]?.attempts.current ?? 0
        guard request.attempt >= current else {
            throw PlanRefusal(
                reason: .conflict,
                message: "attempt \(request.attempt) of \(name.policyID) is over, attempt \(current) has begun; "
                    + "end this trainer, or start it with a larger attempt", code: Code.abandoned)
        }
        guard sessions[name] == nil || request.attempt > current || request.replaces else {
            throw PlanRefusal(
                reason: .conflict,
                message: "step \(name) was planned for another request; repeat the first request unchanged, or use a "
                    + "new step; a trainer that has gone back to this step sends a larger attempt, or replace")
        }
    }

    /// Fills in the texts of candidates that were sent without one. Throws `unknown` where the history has none.
    private func fillTexts(_ request: inout RequestPlan) throws {
        let history = histories[request.plan.policyID]
        for (index, candidate) in request.candidates.enumerated() where candidate.text.isEmpty {
            guard let text = history?.text(of: candidate.promptID) else {
                throw PlanRefusal(
                    reason: .unknown,
                    message:
                        "items[\(index)]: prompt \(candidate.promptID) has no text and none was sent before; send it")
            }
            request.candidates[index].text = text
        }
    }

    /// A request is journalled as a message, with all of its texts. It must be readable again, also when it came from
    /// this process and not over the wire.
    private func checkReadable(_ request: RequestPlan) throws {
        var request = request
        request.outcomes = []
        do {
            let read = try Envelope(frames: Envelope(generation: 0, .requestPlan(request)).frames).message
            guard read == .requestPlan(request) else {
                throw PlanRefusal(
                    reason: .invalid,
                    message: "an id is longer than \(Limits.labelBytesMax) bytes, or a number beyond its range")
            }
        } catch let error as WireError {
            throw PlanRefusal(reason: .invalid, message: "\(error); correct it, or divide the step in two")
        }
    }

    private func checkCapacity(forPolicy policyID: String) throws {
        guard histories[policyID] != nil || histories.count < configuration.policiesMax else {
            throw PlanRefusal(
                reason: .capacity,
                message: "this coordinator has histories of \(configuration.policiesMax) policies, and no more are kept"
            )
        }
    }

    /// Throws where the policy has as many unfinished steps as the request allows.
    private func checkInFlight(_ request: RequestPlan) throws {
        guard request.inFlightMax > 0 else { return }
        let most = min(request.inFlightMax, configuration.plansMax)
        let steps = sessions.values
            .filter { $0.name.policyID == request.plan.policyID && $0.isInFlight(countsGroups: true) }
            .map(\.name.step).sorted()
        guard let first = steps.first, steps.count >= most else { return }
        throw PlanRefusal(
            reason: .capacity,
            message: "\(steps.count) steps of \(request.plan.policyID) are unfinished, "
                + "\(first) to \(steps.last ?? first), and \(most) may be; wait for the groups of step \(first), or drop its plan",
            code: Code.stepsInFlight)
    }

    // MARK: Room

    /// Plans that make room for another one: finished ones first, and those that were made first.
    private func oldPlans(before request: RequestPlan) -> [PlanName] {
        // In the order in which they were made: after the trainer has gone back, a later step may be the older plan.
        let own = sessions.values.filter { $0.name.policyID == request.plan.policyID }
        let excess = own.count - configuration.plansMax + 1
        guard excess > 0 else { return [] }
        let unfinished = own.filter { $0.isInFlight(countsGroups: false) }.map(\.name)
        return Array((own.map(\.name).filter { !unfinished.contains($0) } + unfinished).prefix(excess))
    }

    /// Forgets old plans, and throws where too many candidates are kept even so.
    private mutating func forget(
        _ old: [PlanName], for session: PlanSession, _ actions: inout [Action]
    ) throws {
        let reason = PlanRefusal(reason: .capacity, message: "it was dropped for later steps before it ended")
        for plan in old { forget(plan, because: reason, &actions) }
        let candidates = sessions.values.reduce(0) { $0 + $1.groups.count } + session.groups.count
        guard candidates <= configuration.candidatesMax else {
            throw PlanRefusal(
                reason: .capacity,
                message: "plans of \(candidates) prompts would be kept, at most \(configuration.candidatesMax) may be; "
                    + "plan smaller steps, or fewer policies at a time")
        }
    }

    /// Drops a plan with its groups; peers that wait for its end get the reason.
    mutating func forget(_ plan: PlanName, because reason: PlanRefusal, _ actions: inout [Action]) {
        guard let session = sessions[plan] else { return }
        for group in session.groups { if let lease = group.lease { release(lease, of: plan) } }
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        for peer in listeners[plan] ?? [] where session.end == nil {
            let stated = PlanRefusal(
                reason: reason.reason, message: "step \(plan): \(reason.message)", code: reason.code)
            refuse(plan, stated, to: peer, &actions)
        }
        sessions[plan] = nil
        // A later plan for this step may have fewer prompts.
        queue.removeAll { $0.plan == plan }
        deadlines[plan] = nil
        listeners[plan] = nil
        evidence[plan] = nil
        contextAges[plan] = nil
        histories[plan.policyID]?.dropPrice(ofStep: plan.step)
        actions.append(.journal(.planForgotten(plan)))
        actions.append(.log(.planForgotten(plan)))
    }

    /// Plans of the policy's earlier steps that are kept, the latest first.
    private func earlier(than request: RequestPlan) -> [PlanSession] {
        sessions.values.filter { $0.name.policyID == request.plan.policyID && $0.name < request.plan }
            .sorted { $1.name < $0.name }
    }

    // MARK: Opening

    /// A plan's session. Failures must not cost a trainer its plan: where the limits adjusted to past failures
    /// contradict the prompts' own limits, the allowed sizes or the total, the limits of the request are used.
    private func begin(_ opening: PlanOpening) throws -> (PlanOpening, PlanSession) {
        let request = opening.request
        do {
            return (opening, try PlanSession(opening))
        } catch {
            guard (opening.minimum, opening.maximum) != (request.minimum, request.maximum) else { throw error }
            var plain = opening
            (plain.minimum, plain.maximum) = (request.minimum, request.maximum)
            plain.warnings.append(
                "limits of \(opening.minimum) to \(opening.maximum), adjusted to failed rollouts, were not used: \(error)"
            )
            return (plain, try PlanSession(plain))
        }
    }

    /// A plan's opening: the request, and what of the history it is based on now.
    private func opening(
        _ request: RequestPlan, identity: [UInt8], lengths: [Double], exploration: PlanOpening.Exploration,
        warnings: [String]
    ) -> PlanOpening {
        let history = histories[request.plan.policyID]
        var warnings = warnings
        var (minimum, maximum) = (request.minimum, request.maximum)
        if let rate = try? RolloutFailureRate(history?.failureRate ?? 0) {
            if request.raisesFloors {
                let raised = rate.inflated(minimum, cap: maximum)
                if raised * request.candidates.count <= request.total {
                    minimum = raised
                } else {
                    warnings.append(
                        "n_min would be \(raised) for a failure rate of \(rate.value), which the total does not allow")
                }
            }
            if request.groupSurvival > 0 {
                maximum = max(minimum, rate.largestGroup(survival: request.groupSurvival, cap: maximum))
            }
        }
        let contexts = contexts(for: request, side(of: request))
        let newest = contexts.compactMap(\.staleness).min()
        let ahead = contexts.map(\.ahead).max() ?? 0
        if ahead > 0 {
            let version = request.policyVersion ?? request.plan.step
            warnings.append(
                "the context has outcomes of weights that are \(ahead) steps later than version \(version), which rolls "
                    + "out; if the trainer went back, send a larger attempt, so that they are dropped")
        }
        var opening = PlanOpening(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: history?.price,
            contextRows: contexts.map(\.block.count).max() ?? 0, staleness: newest ?? -1, warnings: warnings,
            contextAhead: ahead, attemptsBefore: attempts, lengths: lengths)
        opening.exploration = exploration
        return opening
    }
}
