import OrderedCollections
import Planning
import Scoring
import Wire

// Plans: predictions, budgets, the cut at the deadline, repeated answers. `+Openings` has their requests.

extension PlannerState {
    // MARK: Predictions

    /// Requests the predictions that a plan lacks.
    mutating func predict(_ name: PlanName, at now: Instant, _ actions: inout [Action]) {
        guard let session = sessions[name] else { return }
        evidence[name] = nil
        let basis = basis(for: session.request)
        start(
            .predict(basis, version: session.version, missing: Set(session.missing)), reading: basis.bytes,
            keeping: session.bytes, at: now, &actions)
    }

    /// Submits the jobs of a plan.
    mutating func begin(
        _ prepared: PreparedPredictions, of name: PlanName, at now: Instant, _ actions: inout [Action]
    ) {
        evidence[name] = prepared.evidence
        contextAges[name] = prepared.ages
        for job in prepared.jobs {
            for message in predictions.begin(job, at: now) { actions.append(.toCoordinator(message)) }
        }
    }

    /// A message of the coordinator's machine to its client, the planner.
    mutating func receivePrediction(_ message: Message, at now: Instant, _ actions: inout [Action]) {
        let (replies, outcomes) = predictions.receive(message, at: now)
        for reply in replies { actions.append(.toCoordinator(reply)) }
        for outcome in outcomes {
            switch outcome {
            case .answered(.plan(let plan), let shard, let answers, let faults):
                // Without evidence no side information was sent, and another attempt would be the same.
                if evidence[plan] != nil, faults.contains(where: { $0.code == "side_information_unsupported" }) {
                    predictFromTexts(plan, at: now, &actions)
                } else {
                    receive(answers, to: shard, of: plan, at: now, &actions)
                }
            case .answered(.scores(let number), let shard, let answers, let faults):
                receive(answers, faults, rows: shard.rows, ofRequest: number, &actions)
            case .failed(.plan(let plan), _): cut(plan, &actions)
            case .failed(.scores(let number), let message):
                fail(request: number, .capacity, message, &actions)
            }
        }
    }

    /// The workers' model reads texts only: what a plan lacks is predicted from texts.
    private mutating func predictFromTexts(_ plan: PlanName, at now: Instant, _ actions: inout [Action]) {
        guard let model = predictions.model, sessions[plan]?.end == nil, settling[plan] == nil else { return }
        textOnlyModels.insert(model.digest)
        for message in predictions.cancel(.plan(plan)) { actions.append(.toCoordinator(message)) }
        predict(plan, at: now, &actions)
    }

    private mutating func receive(
        _ answers: AnswerBlock, to shard: PredictionQueue.Shard, of plan: PlanName, at now: Instant,
        _ actions: inout [Action]
    ) {
        let received = candidatePredictions(answers, to: shard, of: plan)
        guard !received.isEmpty else { return }
        if let work = settlement(of: plan, after: received) {
            settling[plan] = work.opening
            start(.settle(work), reading: .max, keeping: work.bytes, at: now, &actions)
        } else {
            receive(received, of: plan, &actions)
        }
    }

    /// The work that ends a plan with these predictions; `nil` where others are missing, or it is done at once.
    private func settlement(of plan: PlanName, after received: [CandidatePrediction]) -> SettlementWork? {
        guard let session = sessions[plan], let opening = sessions.openings[plan],
            session.predicted + received.count == session.request.candidates.count,
            session.settlementBytes >= configuration.workBytesMin
        else { return nil }
        return SettlementWork(session: session, opening: opening, predictions: received)
    }

    /// Adds the last predictions of a plan with what follows from them; nothing where it was cut or dropped meanwhile.
    mutating func receive(_ settled: SettledPlan, _ actions: inout [Action]) {
        guard settling[settled.plan] == settled.opening else { return }
        settling[settled.plan] = nil
        receive(settled.predictions, settled: settled.settlement, of: settled.plan, &actions)
    }

    private mutating func receive(
        _ received: [CandidatePrediction], settled: PlanSettlement.Result? = nil, of plan: PlanName,
        _ actions: inout [Action]
    ) {
        // The entry is written before its effects.
        actions.append(.journal(.predictionsReceived(plan, received)))
        do {
            guard let effects = try sessions[plan]?.receive(received, settled: settled) else { return }
            announce(effects, of: plan, &actions)
        } catch {
            // Beliefs and limits were checked before. So only the end of the plan can fail, and even budgets are
            // possible.
            cut(plan, &actions)
        }
    }

    private func candidatePredictions(
        _ answers: AnswerBlock, to shard: PredictionQueue.Shard, of plan: PlanName
    ) -> [CandidatePrediction] {
        // While it is settled, nothing is missing.
        guard let session = sessions[plan], session.end == nil, settling[plan] == nil else { return [] }
        let history = session.request.recordDecay > 0 ? histories[plan.policyID] : nil
        return shard.rows.indices.compactMap { row in
            let index = shard.rows[row]
            guard session.beliefs[index] == nil else { return nil }
            return prediction(answers[row], of: index, known: history, shard.keys[row], in: session)
        }
    }

    /// A candidate's belief: the model's joined with the prompt's own record, or the record alone where the model
    /// failed.
    private func prediction(
        _ answer: Prediction?, of index: Int, known history: PolicyHistory?, _ key: TextKey, in session: PlanSession
    ) -> CandidatePrediction {
        let candidate = session.request.candidates[index]
        // Without a prediction, one half is as good as any guess; a single rollout outweighs it.
        var belief = answer.map(Belief.init) ?? Self.unknown
        var source: BudgetSource = answer == nil ? .fallback : .model
        if let history, history.knows(key),
            let record = try? history.record(
                of: key, promptID: candidate.promptID, at: session.version,
                // Stale outcomes are in the model's answer already.
                staleFrom: evidence[session.name] == nil ? .max : SideSchema.staleStepsDefault),
            let fused = try? belief.fused(with: record, decay: session.request.recordDecay), fused != belief
        {
            belief = fused
            source = .record
        }
        var ages = answer == nil ? [] : [contextAges[session.name]?[index]].compactMap { $0 }
        if source == .record {
            ages += [history?.age(of: key, at: session.version)].compactMap { $0 }
        }
        return CandidatePrediction(
            index: index, mean: belief.mean, kappa: belief.kappa, source: source,
            evidence: answer == nil ? nil : evidence[session.name]?[index], staleness: ages.min())
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
        settling[plan] = nil
        evidence[plan] = nil
        contextAges[plan] = nil
        if let price = end.price { histories[plan.policyID]?.keep(price, ofStep: plan.step) }
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
            let reason = PlanRefusal(reason: .deadline, message: "\(model); ask again, or allow a fallback")
            return forget(plan, because: reason, &actions)
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

    /// Sends a plan's messages to a trainer from now on; nothing where it has left since it asked.
    mutating func listen(_ peer: Peer, to plan: PlanName) {
        guard trainers[peer]?.follows.insert(plan) != nil else { return }
        listeners[plan, default: []].append(peer)
    }

    /// Sends a plan's messages to a trainer once it is prepared; `false` where it is not being prepared.
    mutating func awaitPlan(_ plan: PlanName, by peer: Peer) -> Bool {
        guard preparing[plan] != nil else { return false }
        // Otherwise it has left since it asked.
        if trainers[peer]?.awaits.insert(plan) != nil { preparing[plan]?.listeners.append(peer) }
        return true
    }

    /// Ends the preparation of a plan; returns it.
    mutating func endPreparation(of plan: PlanName) -> PlanInPreparation? {
        let ended = preparing.end(plan)
        for peer in ended?.listeners ?? [] { trainers[peer]?.awaits.remove(plan) }
        return ended
    }

    mutating func follow(_ plan: PlanName, _ groupsAfter: Int, by peer: Peer, _ actions: inout [Action]) {
        if awaitPlan(plan, by: peer) { return }
        guard sessions[plan] != nil else {
            let message =
                "step \(plan) has no plan here: it was never requested, or it was dropped for later steps; request it"
            return refuse(plan, PlanRefusal(reason: .unknown, message: message), to: peer, &actions)
        }
        listen(peer, to: plan)
        sendAll(of: plan, to: peer, groupsAfter: groupsAfter, &actions)
    }

    /// Sends all budgets, the end and the groups of a plan to one peer.
    func sendAll(of plan: PlanName, to peer: Peer, groupsAfter: Int, _ actions: inout [Action]) {
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

    mutating func refuse(
        _ plan: PlanName, _ refusal: PlanRefusal, to peer: Peer, _ actions: inout [Action]
    ) {
        counts.plansRefused += 1
        actions.append(.log(.planRefused(plan, reason: refusal.message)))
        let refused = RequestRefused(.plan(plan), refusal.reason, message: refusal.message, code: refusal.code)
        send(.requestRefused(refused), to: peer, &actions)
    }
}
