import OrderedCollections
import Planning
import Scoring
import Wire

// Plans: requests, predictions, budgets, the cut at the deadline, repeated answers.

extension PlannerState {
    // MARK: Requests

    mutating func open(_ request: RequestPlan, for peer: Peer, at now: Instant, _ actions: inout [Action]) {
        let name = request.plan
        let identity = request.identity.bytes
        if let known = sessions[name] {
            guard known.opening.identity == identity else {
                let message =
                    "step \(name) was planned for another request; repeat the first request unchanged, or use a new step"
                return refuse(name, .conflict, message, to: peer, &actions)
            }
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
            var request = request
            try request.check()
            try checkCapacity(forPolicy: name.policyID)
            try fillTexts(&request)
            try checkReadable(request)
            var warnings: [String] = []
            record(request.outcomes, of: name.policyID, rewards: request.rewards, &warnings, &actions)
            request.outcomes = []
            let (opening, session) = try begin(opening(request, identity: identity, warnings: warnings))
            try forgetOldPlans(for: session, &actions)
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
            refuse(name, refusal.reason, refusal.message, to: peer, &actions)
        } catch {
            refuse(name, .invalid, "\(error)", to: peer, &actions)
        }
    }

    /// Why a plan is not opened.
    struct PlanRefusal: Error {
        let reason: RequestRefused.Reason
        let message: String
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

    /// Forgets plans of earlier steps, and throws where too many candidates are kept even so.
    private mutating func forgetOldPlans(for session: PlanSession, _ actions: inout [Action]) throws {
        let policyID = session.name.policyID
        let own = sessions.keys.filter { $0.policyID == policyID }.sorted()
        for old in own.prefix(max(0, own.count - configuration.plansMax + 1)) { forget(old, &actions) }
        let candidates = sessions.values.reduce(0) { $0 + $1.groups.count } + session.groups.count
        guard candidates <= configuration.candidatesMax else {
            throw PlanRefusal(
                reason: .capacity,
                message: "plans of \(candidates) prompts would be kept, at most \(configuration.candidatesMax) may be; "
                    + "plan smaller steps, or fewer policies at a time")
        }
    }

    private mutating func forget(_ plan: PlanName, _ actions: inout [Action]) {
        guard let session = sessions[plan] else { return }
        for group in session.groups { if let lease = group.lease { release(lease, of: plan) } }
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        for peer in listeners[plan] ?? [] where session.end == nil {
            refuse(plan, .capacity, "step \(plan) was dropped for later ones before it ended", to: peer, &actions)
        }
        sessions[plan] = nil
        // A later plan for this step may have fewer prompts.
        queue.removeAll { $0.plan == plan }
        deadlines[plan] = nil
        listeners[plan] = nil
        evidence[plan] = nil
        actions.append(.journal(.planForgotten(plan)))
        actions.append(.log(.planForgotten(plan)))
    }

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
    private func opening(_ request: RequestPlan, identity: [UInt8], warnings: [String]) -> PlanOpening {
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
        return PlanOpening(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: history?.price,
            contextRows: contexts.map(\.block.count).max() ?? 0, staleness: newest ?? -1, warnings: warnings)
    }

    // MARK: Predictions

    /// Requests the predictions that a plan lacks.
    private mutating func predict(_ name: PlanName, at now: Instant, _ actions: inout [Action]) {
        guard let session = sessions[name] else { return }
        let missing = Set(session.missing)
        evidence[name] = nil
        let known = side(of: session.request)
        for context in contexts(for: session.request, known) {
            let places = context.candidates.indices.filter { missing.contains(context.candidates[$0]) }
            let rows = places.map { context.candidates[$0] }
            var side: (rows: [SideInformation], schema: SideSchema)?
            if let known {
                side = (places.map { context.side[$0] }, known.schema)
                for place in places {
                    let index = context.candidates[place]
                    evidence[name, default: [:]][index] = known.evidence(
                        context.side[place], contextRows: context.block.count,
                        hasOwn: session.request.recordDecay > 0
                            && histories[name.policyID]?.knows(session.request.candidates[index].text) == true)
                }
            }
            let job = PredictionQueue.PredictionJob(
                owner: .plan(name), policy: Policy(id: name.policyID, version: session.version),
                context: context.block,
                shards: PredictionQueue.shards(rows.map { ($0, session.request.candidates[$0].text) }, side: side))
            for message in predictions.begin(job, at: now) { actions.append(.toCoordinator(message)) }
        }
    }

    /// A message of the coordinator's machine to its client, the planner.
    mutating func receivePrediction(_ message: Message, at now: Instant, _ actions: inout [Action]) {
        let (replies, outcomes) = predictions.receive(message, at: now)
        for reply in replies { actions.append(.toCoordinator(reply)) }
        for outcome in outcomes {
            switch outcome {
            case .answered(.plan(let plan), let rows, let answers, let faults):
                // Without evidence no side information was sent, and another attempt would be the same.
                if evidence[plan] != nil, faults.contains(where: { $0.code == "side_information_unsupported" }) {
                    predictFromTexts(plan, at: now, &actions)
                } else {
                    receive(answers, rows: rows, of: plan, &actions)
                }
            case .answered(.scores(let number), let rows, let answers, let faults):
                receive(answers, faults, rows: rows, ofRequest: number, &actions)
            case .failed(.plan(let plan), _): cut(plan, &actions)
            case .failed(.scores(let number), let message):
                fail(request: number, .capacity, message, &actions)
            }
        }
    }

    /// The workers' model reads texts only: what a plan lacks is predicted from texts.
    private mutating func predictFromTexts(_ plan: PlanName, at now: Instant, _ actions: inout [Action]) {
        guard let model = predictions.model, sessions[plan]?.end == nil else { return }
        textOnlyModels.insert(model.digest)
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        predict(plan, at: now, &actions)
    }

    private mutating func receive(
        _ answers: AnswerBlock, rows: [Int], of plan: PlanName, _ actions: inout [Action]
    ) {
        let received = candidatePredictions(answers, rows: rows, of: plan)
        guard !received.isEmpty else { return }
        // The entry is written before its effects.
        actions.append(.journal(.predictionsReceived(plan, received)))
        do {
            guard let effects = try sessions[plan]?.receive(received) else { return }
            announce(effects, of: plan, &actions)
        } catch {
            // Beliefs and limits were checked before. So only the end of the plan can fail, and even budgets are
            // possible.
            cut(plan, &actions)
        }
    }

    private func candidatePredictions(
        _ answers: AnswerBlock, rows: [Int], of plan: PlanName
    ) -> [CandidatePrediction] {
        guard let session = sessions[plan], session.end == nil else { return [] }
        return rows.enumerated().compactMap { row, index in
            session.beliefs[index] == nil ? prediction(answers[row], of: index, in: session) : nil
        }
    }

    /// A candidate's belief: the model's joined with the prompt's own record, or the record alone where the model
    /// failed.
    private func prediction(_ answer: Prediction?, of index: Int, in session: PlanSession) -> CandidatePrediction {
        let candidate = session.request.candidates[index]
        // Without a prediction, one half is as good as any guess; a single rollout outweighs it.
        var belief = answer.map(Belief.init) ?? Self.unknown
        var source: BudgetSource = answer == nil ? .fallback : .model
        if session.request.recordDecay > 0, let history = histories[session.name.policyID],
            history.knows(candidate.text),
            let record = try? history.record(
                of: candidate.text, promptID: candidate.promptID, at: session.version,
                // Stale outcomes are in the model's answer already.
                staleFrom: evidence[session.name] == nil ? .max : SideSchema.staleStepsDefault),
            let fused = try? belief.fused(with: record, decay: session.request.recordDecay), fused != belief
        {
            belief = fused
            source = .record
        }
        return CandidatePrediction(
            index: index, mean: belief.mean, kappa: belief.kappa, source: source,
            evidence: answer == nil ? nil : evidence[session.name]?[index])
    }

    private static let unknown: Belief = {
        guard let belief = try? Belief(mean: 0.5, kappa: 1, promptID: "") else {
            preconditionFailure("a half of one is a belief")
        }
        return belief
    }()

    // MARK: Budgets

    /// Sends the effects of an entry to the listeners, and queues what is to be rolled out.
    mutating func announce(_ effects: PlanSession.Effects, of plan: PlanName, _ actions: inout [Action]) {
        counts.budgets += effects.budgets.count
        enqueue(plan, effects.budgets.map(\.index))
        for index in effects.draws.keys.sorted() {
            counts.rolloutsDrawn += effects.draws[index] ?? 0
            // The rollout worker that has just reported is probably free, so its prompt is lent first.
            enqueue(plan, [index], first: true)
        }
        for peer in listeners[plan] ?? [] {
            for part in effects.budgets.parts { send(.budgets(plan, part), to: peer, &actions) }
            if let end = effects.end { send(.planEnd(plan, end), to: peer, &actions) }
            for group in effects.done { send(.groupDone(plan, group), to: peer, &actions) }
        }
        guard let end = effects.end else { return }
        counts.budgetRollouts += end.total
        switch end.status {
        case .ok: counts.plansOK += 1
        case .degraded: counts.plansDegraded += 1
        case .fallback: counts.plansFallback += 1
        }
        deadlines[plan] = nil
        evidence[plan] = nil
        if let price = end.price { histories[plan.policyID]?.price = price }
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        actions.append(
            .log(.planEnded(plan, end.status, utility: end.utility, uniformUtility: end.uniformUtility)))
    }

    /// Ends a plan at its deadline: by even budgets, or by a refusal where its trainer requests that and no budget was
    /// sent.
    mutating func cut(_ plan: PlanName, _ actions: inout [Action]) {
        deadlines[plan] = nil
        guard let isOpen = sessions[plan].map({ $0.end == nil }), isOpen else { return }
        if sessions[plan]?.request.fallback == .refuse, sessions[plan]?.handedOut.isEmpty == true {
            let model =
                predictions.model == nil ? "no worker with a model has joined" : "predictions did not arrive in time"
            for peer in listeners.removeValue(forKey: plan) ?? [] {
                refuse(plan, .deadline, "step \(plan): \(model); ask again, or allow a fallback", to: peer, &actions)
            }
            return forget(plan, &actions)
        }
        do {
            guard let effects = try sessions[plan]?.cut() else { return }
            actions.append(.journal(.planCut(plan)))
            announce(effects, of: plan, &actions)
        } catch {
            preconditionFailure("the rest of plan \(plan) cannot be shared evenly: \(error)")
        }
    }

    // MARK: Repeated answers

    private mutating func listen(_ peer: Peer, to plan: PlanName) {
        listeners[plan, default: []].append(peer)
    }

    mutating func follow(_ plan: PlanName, _ groupsAfter: Int, by peer: Peer, _ actions: inout [Action]) {
        guard sessions[plan] != nil else {
            let message =
                "step \(plan) has no plan here: it was never requested, or it was dropped for later steps; request it"
            return refuse(plan, .unknown, message, to: peer, &actions)
        }
        listen(peer, to: plan)
        sendAll(of: plan, to: peer, groupsAfter: groupsAfter, &actions)
    }

    /// Sends all budgets, the end and the groups of a plan to one peer.
    private func sendAll(of plan: PlanName, to peer: Peer, groupsAfter: Int, _ actions: inout [Action]) {
        guard let session = sessions[plan] else { return }
        for part in session.handedOut.parts { send(.budgets(plan, part), to: peer, &actions) }
        if let end = session.end { send(.planEnd(plan, end), to: peer, &actions) }
        let isLocal = trainers[peer]?.isLocal == true
        for group in session.done.dropFirst(max(0, groupsAfter)).prefix(isLocal ? .max : Self.groupsMax) {
            send(.groupDone(plan, group), to: peer, &actions)
        }
    }

    /// Groups sent at once: a peer whose queue of messages is full counts as lost. It requests the groups after these.
    private static let groupsMax = 4096

    private mutating func refuse(
        _ plan: PlanName, _ reason: RequestRefused.Reason, _ message: String, to peer: Peer, _ actions: inout [Action]
    ) {
        counts.plansRefused += 1
        actions.append(.log(.planRefused(plan, reason: message)))
        send(.requestRefused(RequestRefused(.plan(plan), reason, message: message)), to: peer, &actions)
    }
}
