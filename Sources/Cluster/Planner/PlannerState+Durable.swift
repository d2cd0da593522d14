import OrderedCollections
import Planning
import Scoring
import Wire

// The durable part of the planner's state, and its restoration from the journal's entries.

extension PlannerState {
    /// Applies an entry of an earlier generation, by the same methods as in normal operation, but without messages.
    mutating func replay(_ entry: PlannerEntry) {
        switch entry {
        case .outcomesRecorded(let policyID, let outcomes):
            for outcome in outcomes { _ = remember(outcome, of: policyID) }
            recordUse(of: policyID)
        case .planOpened(let opening):
            guard let session = try? PlanSession(opening) else { return }
            _ = adopt(session)
        case .predictionsReceived(let plan, let predictions):
            // What no version writes is not applied: an index or reward beyond its range would end the process.
            let indices = predictions.map(\.index)
            guard let session = sessions[plan], Set(indices).count == indices.count,
                indices.allSatisfy(session.groups.indices.contains)
            else { return }
            if let effects = try? sessions[plan]?.receive(predictions) { keepPrice(effects, of: plan) }
        case .planCut(let plan):
            if let effects = try? sessions[plan]?.cut() { keepPrice(effects, of: plan) }
        case .groupReported(let plan, let report):
            guard let session = sessions[plan], session.groups.indices.contains(report.index), report.failed >= 0,
                report.references.isEmpty || report.references.count == report.rewards.count,
                (try? session.check(report.rewards, promptID: "")) != nil
            else { return }
            _ = sessions[plan]?.record(report)
        case .textsNamed(let policyID, let texts):
            let empty = emptyHistory
            for named in texts { histories[policyID, default: empty].name(named.promptID, named.text) }
            recordUse(of: policyID)
        case .textsForgotten(let policyID, let promptIDs):
            for promptID in promptIDs { histories[policyID]?.forgetText(of: promptID) }
        case .outcomesTrimmed(let policyID, let count):
            histories[policyID]?.forgetOutcomes(keeping: count)
        case .policyReduced(let policyID): histories[policyID]?.reduce()
        case .policyForgotten(let policyID): histories[policyID] = nil
        case .planForgotten(let plan):
            removeSession(plan)
            histories[plan.policyID]?.dropPrice(ofStep: plan.step)
        case .outcomesForgotten(let policyID, let eventIDs): histories[policyID]?.drop(eventIDs)
        case .attemptBegan(let policyID, let attempts):
            let empty = emptyHistory
            histories[policyID, default: empty].attempts = attempts
        }
    }

    private var emptyHistory: PolicyHistory { PolicyHistory(outcomesMax: configuration.outcomesMax) }

    /// Keeps a session, and the texts of its prompts. Returns the texts that were not known.
    mutating func adopt(_ session: PlanSession) -> [NamedText] {
        let policyID = session.name.policyID
        removeSession(session.name)
        sessions.keep(session)
        let empty = emptyHistory
        let named = histories[policyID, default: empty].name(session.request.candidates)
        histories[policyID]?.attempts.plan(session.name.step)
        recordUse(of: policyID)
        return named
    }

    /// Forgets a plan's session. Its groups stay in the queue as stale keys. Cost: a look at each group.
    mutating func removeSession(_ plan: PlanName) {
        guard let session = sessions.remove(plan) else { return }
        settling[plan] = nil
        staleKeys += session.groups.count { $0.isQueued }
    }

    /// Adds an outcome to a policy's history. Returns whether the text of its prompt was not known.
    mutating func remember(_ outcome: RecordedOutcome, of policyID: String) -> Bool {
        let empty = emptyHistory
        return histories[policyID, default: empty].record(outcome)
    }

    /// Makes texts durable that are known from now on.
    func journal(_ texts: [NamedText], of policyID: String, _ actions: inout [Action]) {
        if !texts.isEmpty { actions.append(.journal(.textsNamed(policyID: policyID, texts))) }
    }

    /// Keeps the price of a plan that has ended, for the next plan of its policy.
    private mutating func keepPrice(_ effects: PlanSession.Effects, of plan: PlanName) {
        guard let price = effects.end?.price else { return }
        histories[plan.policyID]?.keep(price, ofStep: plan.step)
    }

    /// What must be the same after a restart, for comparing a replay with the state that wrote the journal.
    struct Durable: Hashable, Sendable {
        /// A plan.
        struct Plan: Hashable, Sendable {
            let identity: [UInt8]
            let handedOut: [PlannedBudget]
            let end: PlanEnd?
            let groups: [PlanGroup]
            let done: [GroupDone]
            let reserve: RolloutReserve
        }

        var plans: [PlanName: Plan]
        var outcomes: [String: [RecordedOutcome]]
        var prices: [String: Double]
        var texts: [String: [String: String]]
        var attempts: [String: PolicyAttempts]
    }

    /// The durable part of the state. Cost: linear.
    var durable: Durable {
        let plans = sessions.all.map { session in
            let plan = Durable.Plan(
                identity: session.opening.identity, handedOut: session.handedOut, end: session.end,
                groups: session.groups.map(\.durable), done: session.done, reserve: session.reserve)
            return (session.name, plan)
        }
        return Durable(
            plans: Dictionary(uniqueKeysWithValues: plans),
            outcomes: Dictionary(uniqueKeysWithValues: histories.all.map { ($0.key, Array($0.value.outcomes)) })
                .filter { !$0.value.isEmpty },
            prices: Dictionary(
                uniqueKeysWithValues: histories.all.compactMap { id, history in history.price.map { (id, $0) } }),
            texts: Dictionary(uniqueKeysWithValues: histories.all.map { ($0.key, $0.value.knownTexts.all) })
                .filter { !$0.value.isEmpty },
            attempts: histories.all.filter { !$0.value.attempts.isEmpty }.reduce(into: [:]) {
                $0[$1.key] = $1.value.attempts.durable
            })
    }

    /// Whether the durable parts of two states are equal, for comparing a replay with the state that wrote the journal.
    package func isDurablyEqual(to other: PlannerState) -> Bool { durable == other.durable }
}
