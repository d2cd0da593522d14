import OrderedCollections
import Planning
import Scoring
import Wire

// Plans: asked for, predicted, handed out, cut short at their deadline, told again.

extension PlannerState {
    // MARK: Asked for

    mutating func open(_ request: RequestPlan, for peer: Peer, at now: Instant, _ actions: inout [Action]) {
        let name = request.plan
        let identity = request.identity.bytes
        if let known = sessions[name] {
            guard known.opening.identity == identity else {
                let message =
                    "step \(name) was planned for another request; ask for it as it was asked first, or count a new step"
                return refuse(name, .conflict, message, to: peer, &actions)
            }
            listen(peer, to: name)
            tell(name, to: peer, groupsAfter: 0, &actions)
            if known.end == nil, deadlines[name] == nil {
                // An earlier life began it, and what was missing then is missing still.
                deadlines[name] = now + request.deadline
                predict(name, at: now, &actions)
            }
            return
        }
        do {
            var request = request
            try request.check()
            try checkRoom(forPolicy: name.policyID)
            try fillTexts(&request)
            try checkReadable(request)
            var warnings: [String] = []
            record(request.outcomes, of: name.policyID, rewards: request.rewards, &warnings, &actions)
            request.outcomes = []
            let (opening, session) = try begin(opening(request, identity: identity, warnings: warnings))
            try makeRoom(for: session, &actions)
            actions.append(.journal(.planOpened(opening)))
            adopt(session)
            actions.append(
                .note(
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

    /// Gives every candidate its text. Throws `unknown` where it was never told.
    private func fillTexts(_ request: inout RequestPlan) throws {
        let history = histories[request.plan.policyID]
        for (index, candidate) in request.candidates.enumerated() where candidate.text.isEmpty {
            guard let text = history?.text(of: candidate.promptID) else {
                throw PlanRefusal(
                    reason: .unknown,
                    message:
                        "items[\(index)]: prompt \(candidate.promptID) has no text and none was told before; send it")
            }
            request.candidates[index].text = text
        }
    }

    /// A request is journalled as a message, with all of its texts, and must be one that can be read again: whoever asked
    /// for it, over the wire or in this process.
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
            throw PlanRefusal(reason: .invalid, message: "\(error); mend it, or cut the step in two")
        }
    }

    private func checkRoom(forPolicy policyID: String) throws {
        guard histories[policyID] != nil || histories.count < configuration.policiesMax else {
            throw PlanRefusal(
                reason: .capacity, message: "this coordinator remembers its \(configuration.policiesMax) policies")
        }
    }

    /// Forgets plans of earlier steps, and refuses where that does not make room enough.
    private mutating func makeRoom(for session: PlanSession, _ actions: inout [Action]) throws {
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
        for message in errands.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        for peer in listeners[plan] ?? [] where session.end == nil {
            refuse(plan, .capacity, "step \(plan) was given up for later ones before it ended", to: peer, &actions)
        }
        sessions[plan] = nil
        // A later plan for this step may have fewer prompts.
        queue.removeAll { $0.plan == plan }
        deadlines[plan] = nil
        listeners[plan] = nil
        actions.append(.journal(.planForgotten(plan)))
        actions.append(.note(.planForgotten(plan)))
    }

    /// A plan's session; with the limits as they were asked for, where those set by failures that were seen do not go
    /// with the prompts' own, with the sizes allowed or with the total: failures must not cost a trainer its plan.
    private func begin(_ opening: PlanOpening) throws -> (PlanOpening, PlanSession) {
        let request = opening.request
        do {
            return (opening, try PlanSession(opening))
        } catch {
            guard (opening.minimum, opening.maximum) != (request.minimum, request.maximum) else { throw error }
            var plain = opening
            (plain.minimum, plain.maximum) = (request.minimum, request.maximum)
            plain.warnings.append(
                "limits of \(opening.minimum) to \(opening.maximum), set for failed rollouts, were not kept: \(error)")
            return (plain, try PlanSession(plain))
        }
    }

    /// What a plan rests on, as it is now.
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
        let contexts = contexts(for: request)
        let newest = contexts.compactMap(\.staleness).min()
        return PlanOpening(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: history?.price,
            contextRows: contexts.map(\.block.count).max() ?? 0, staleness: newest ?? -1, warnings: warnings)
    }

    // MARK: Predicted

    /// Has what is missing of a plan predicted.
    private mutating func predict(_ name: PlanName, at now: Instant, _ actions: inout [Action]) {
        guard let session = sessions[name] else { return }
        let missing = Set(session.missing)
        for context in contexts(for: session.request) {
            let rows = context.candidates.filter(missing.contains)
            let errand = PredictionQueue.Errand(
                owner: .plan(name), policy: Policy(id: name.policyID, version: session.version),
                context: context.block,
                shards: PredictionQueue.shards(rows.map { ($0, session.request.candidates[$0].text) }))
            for message in errands.begin(errand, at: now) { actions.append(.toCoordinator(message)) }
        }
    }

    /// What the coordinator's machine says to its client.
    mutating func hear(_ message: Message, at now: Instant, _ actions: inout [Action]) {
        let (replies, outcomes) = errands.receive(message, at: now)
        for reply in replies { actions.append(.toCoordinator(reply)) }
        for outcome in outcomes {
            switch outcome {
            case .answered(.plan(let plan), let rows, let answers, _):
                take(answers, rows: rows, of: plan, &actions)
            case .answered(.scores(let number), let rows, let answers, let faults):
                take(answers, faults, rows: rows, ofRequest: number, &actions)
            case .failed(.plan(let plan), _): cut(plan, &actions)
            case .failed(.scores(let number), let message):
                fail(request: number, .capacity, message, &actions)
            }
        }
    }

    private mutating func take(
        _ answers: AnswerBlock, rows: [Int], of plan: PlanName, _ actions: inout [Action]
    ) {
        let taken = predictions(answers, rows: rows, of: plan)
        guard !taken.isEmpty else { return }
        // Entries stand before what follows from them.
        actions.append(.journal(.predictionsTaken(plan, taken)))
        do {
            guard let effects = try sessions[plan]?.take(taken) else { return }
            announce(effects, of: plan, &actions)
        } catch {
            // Beliefs and limits were checked: it is the end that cannot be settled, and even budgets are still right.
            cut(plan, &actions)
        }
    }

    private func predictions(_ answers: AnswerBlock, rows: [Int], of plan: PlanName) -> [TakenPrediction] {
        guard let session = sessions[plan], session.end == nil else { return [] }
        return rows.enumerated().compactMap { row, index in
            session.beliefs[index] == nil ? prediction(answers[row], of: index, in: session) : nil
        }
    }

    /// A belief of a candidate: the model's with the prompt's own record, or what is left where the model failed.
    private func prediction(_ answer: Prediction?, of index: Int, in session: PlanSession) -> TakenPrediction {
        let candidate = session.request.candidates[index]
        // Of a prompt that cannot be read, half is as good as any guess, and one rollout outweighs it.
        var belief = answer.map(Belief.init) ?? Self.unknown
        var source: BudgetSource = answer == nil ? .fallback : .model
        if session.request.recordDecay > 0, let history = histories[session.name.policyID],
            history.knows(candidate.text),
            let record = try? history.record(
                of: candidate.text, promptID: candidate.promptID, at: session.version),
            let fused = try? belief.fused(with: record, decay: session.request.recordDecay), fused != belief
        {
            belief = fused
            source = .record
        }
        return TakenPrediction(index: index, mean: belief.mean, kappa: belief.kappa, source: source)
    }

    private static let unknown: Belief = {
        guard let belief = try? Belief(mean: 0.5, kappa: 1, promptID: "") else {
            preconditionFailure("a half of one is a belief")
        }
        return belief
    }()

    // MARK: Handed out

    /// Tells what an entry led to, and puts what is to be rolled out into the queue.
    mutating func announce(_ effects: PlanSession.Effects, of plan: PlanName, _ actions: inout [Action]) {
        counts.budgets += effects.budgets.count
        enqueue(plan, effects.budgets.map(\.index))
        for index in effects.draws.keys.sorted() {
            counts.rolloutsDrawn += effects.draws[index] ?? 0
            // The worker that has just reported is probably free: its prompt goes first.
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
        if let price = end.price { histories[plan.policyID]?.price = price }
        for message in errands.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        actions.append(
            .note(.planEnded(plan, end.status, utility: end.utility, uniformUtility: end.uniformUtility)))
    }

    /// Ends a plan whose time is over: by even budgets, or by a refusal where its trainer wants that and nothing has left.
    mutating func cut(_ plan: PlanName, _ actions: inout [Action]) {
        deadlines[plan] = nil
        guard let isOpen = sessions[plan].map({ $0.end == nil }), isOpen else { return }
        if sessions[plan]?.request.fallback == .refuse, sessions[plan]?.handedOut.isEmpty == true {
            let model = errands.model == nil ? "no worker with a model has come" : "predictions were not there in time"
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
            preconditionFailure("what plan \(plan) has not handed out cannot be shared evenly: \(error)")
        }
    }

    // MARK: Told again

    private mutating func listen(_ peer: Peer, to plan: PlanName) {
        listeners[plan, default: []].append(peer)
    }

    mutating func follow(_ plan: PlanName, _ groupsAfter: Int, by peer: Peer, _ actions: inout [Action]) {
        guard sessions[plan] != nil else {
            let message =
                "step \(plan) has no plan here: it was never asked for, or later steps have taken its place; ask for it"
            return refuse(plan, .unknown, message, to: peer, &actions)
        }
        listen(peer, to: plan)
        tell(plan, to: peer, groupsAfter: groupsAfter, &actions)
    }

    /// Everything that has been said of a plan, to one peer.
    private func tell(_ plan: PlanName, to peer: Peer, groupsAfter: Int, _ actions: inout [Action]) {
        guard let session = sessions[plan] else { return }
        for part in session.handedOut.parts { send(.budgets(plan, part), to: peer, &actions) }
        if let end = session.end { send(.planEnd(plan, end), to: peer, &actions) }
        let isLocal = trainers[peer]?.isLocal == true
        for group in session.done.dropFirst(max(0, groupsAfter)).prefix(isLocal ? .max : Self.groupsToldMax) {
            send(.groupDone(plan, group), to: peer, &actions)
        }
    }

    /// Groups told at once of those done before: a peer for which too much waits would be taken for gone. It asks for
    /// those behind them.
    private static let groupsToldMax = 4096

    private mutating func refuse(
        _ plan: PlanName, _ reason: RequestRefused.Reason, _ message: String, to peer: Peer, _ actions: inout [Action]
    ) {
        counts.plansRefused += 1
        actions.append(.note(.planRefused(plan, reason: message)))
        send(.requestRefused(RequestRefused(.plan(plan), reason, message: message)), to: peer, &actions)
    }
}
