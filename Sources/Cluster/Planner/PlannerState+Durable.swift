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
            for outcome in outcomes { remember(outcome, of: policyID) }
        case .planOpened(let opening):
            guard let session = try? PlanSession(opening) else { return }
            adopt(session)
        case .predictionsReceived(let plan, let predictions):
            if let effects = try? sessions[plan]?.receive(predictions) { keepPrice(effects, of: plan) }
        case .planCut(let plan):
            if let effects = try? sessions[plan]?.cut() { keepPrice(effects, of: plan) }
        case .groupReported(let plan, let report):
            guard let session = sessions[plan], session.groups.indices.contains(report.index) else { return }
            _ = sessions[plan]?.record(report)
        case .planForgotten(let plan):
            sessions[plan] = nil
            histories[plan.policyID]?.dropPrice(ofStep: plan.step)
        case .outcomesForgotten(let policyID, let step): _ = histories[policyID]?.drop(stepsFrom: step)
        case .attemptBegan(let policyID, let attempts):
            let empty = PolicyHistory(outcomesMax: configuration.outcomesMax)
            histories[policyID, default: empty].attempts = attempts
        }
    }

    /// Keeps a session, and the texts of its prompts.
    mutating func adopt(_ session: PlanSession) {
        sessions[session.name] = session
        let empty = PolicyHistory(outcomesMax: configuration.outcomesMax)
        for candidate in session.request.candidates {
            histories[session.name.policyID, default: empty].name(candidate.promptID, candidate.text)
        }
        histories[session.name.policyID]?.attempts.plan(session.name.step)
    }

    /// Adds an outcome to a policy's history.
    mutating func remember(_ outcome: RecordedOutcome, of policyID: String) {
        let empty = PolicyHistory(outcomesMax: configuration.outcomesMax)
        histories[policyID, default: empty].record(outcome)
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
        var attempts: [String: PolicyAttempts]
    }

    /// The durable part of the state. Cost: linear.
    var durable: Durable {
        let plans = sessions.map { name, session in
            let plan = Durable.Plan(
                identity: session.opening.identity, handedOut: session.handedOut, end: session.end,
                groups: session.groups.map(\.durable), done: session.done, reserve: session.reserve)
            return (name, plan)
        }
        return Durable(
            plans: Dictionary(uniqueKeysWithValues: plans),
            outcomes: Dictionary(uniqueKeysWithValues: histories.map { ($0.key, Array($0.value.outcomes)) })
                .filter { !$0.value.isEmpty },
            prices: Dictionary(
                uniqueKeysWithValues: histories.compactMap { id, history in history.price.map { (id, $0) } }),
            attempts: histories.filter { !$0.value.attempts.isEmpty }.reduce(into: [:]) {
                $0[$1.key] = $1.value.attempts.durable
            })
    }

    /// Whether the durable parts of two states are equal, for comparing a replay with the state that wrote the journal.
    package func isDurablyEqual(to other: PlannerState) -> Bool { durable == other.durable }
}
