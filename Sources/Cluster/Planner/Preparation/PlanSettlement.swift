import Planning
import Wire

/// What the solver gives a plan whose predictions are all there: of all that a plan computes on its way, the part that takes
/// longest, 10 ms for 4,096 prompts.
///
/// It follows from the session and its last predictions alone, so any thread may compute it. The last predictions of a large
/// plan are made durable with it: until then they are not part of the plan, and a plan that is cut, dropped or lost
/// meanwhile is the same without them.
struct PlanSettlement: Sendable {
    /// Budgets to hand out.
    enum Budgets: Sendable {
        /// Those that were not handed out before.
        case streamed([StreamingPlan.Assignment])
        /// By candidate.
        case withinTokens([BudgetPlan.Budget])
        /// Shadow mode hands out even budgets instead.
        case none
    }

    typealias Result = Swift.Result<PlanSettlement, PlanningError>

    /// The solver's plan.
    let plan: BudgetPlan
    let budgets: Budgets
    /// By candidate: even budgets, in shadow mode; else none.
    let even: [Int]
}

extension PlanSession {
    /// The settlement of a plan whose predictions are all there. Cost: some 2 ms for a thousand prompts.
    mutating func settle() throws(PlanningError) -> PlanSettlement {
        let isShadow = request.mode == .shadow
        if let limit = tokenLimit {
            let plan = try plan(within: limit)
            return PlanSettlement(
                plan: plan, budgets: isShadow ? .none : .withinTokens(plan.budgets),
                even: isShadow ? try evenWithinTokens() : [])
        }
        let (plan, assignments) = try stream.finish()
        return PlanSettlement(
            plan: plan, budgets: isShadow ? .none : .streamed(assignments), even: isShadow ? try shadow() : [])
    }

    /// The bytes that a settlement reads, about: a curve of each prompt.
    var settlementBytes: Int { request.candidates.count * max(32, opening.maximum) * 8 }
}

/// A plan that is to be settled, with its last predictions.
struct SettlementWork: Sendable {
    let session: PlanSession
    /// Which opening of its step it is.
    let opening: UInt64
    let predictions: [CandidatePrediction]

    /// About the bytes that its result keeps.
    var bytes: Int { session.request.candidates.count * 256 }

    func run() -> SettledPlan {
        var session = session
        let settlement: PlanSettlement.Result
        do throws(PlanningError) {
            var effects = PlanSession.Effects()
            try session.add(predictions, &effects)
            settlement = .success(try session.settle())
        } catch {
            settlement = .failure(error)
        }
        return SettledPlan(
            plan: session.name, opening: opening, predictions: predictions, settlement: settlement)
    }
}

/// The result of a settlement.
struct SettledPlan: Sendable {
    let plan: PlanName
    let opening: UInt64
    let predictions: [CandidatePrediction]
    let settlement: PlanSettlement.Result
}
