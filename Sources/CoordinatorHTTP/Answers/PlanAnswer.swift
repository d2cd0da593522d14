import HTTPServing
import HTTPTypes
import JSON
import Scoring
import Wire

/// Collects a plan from the coordinator's replies, budgets first and its end last, and writes it as JSON.
struct PlanAnswer {
    let plan: PlanName
    /// By index of the candidate; a later budget replaces an earlier one.
    private var budgets: [PlannedBudget?] = []
    private(set) var end: PlanEnd?

    init(_ plan: PlanName) {
        self.plan = plan
    }

    /// Adds a reply; whether the plan is whole. Throws what ends the request: `limit` is the time that it had.
    mutating func receive(_ reply: ReplyEvent, within limit: Duration) throws(HTTPFailure) -> Bool {
        switch reply {
        case .message(.budgets(plan, let budgets)): receive(budgets)
        case .message(.planEnd(plan, let end)):
            receive(end)
            guard isWhole else {
                throw HTTPFailure(
                    .badGateway, .hole,
                    "budgets of \(plan) are missing: its digest differs; ask again, equal requests get equal plans")
            }
            return true
        // In a requested plan, a prompt whose text the coordinator does not know.
        case .message(.requestRefused(let refused))
        where refused.reason == .unknown && refused.code != ErrorCode.unknownTenant.rawValue:
            throw HTTPFailure(.unprocessableContent, .unknownPrompt, refused.message, param: "items")
        case .message(.requestRefused(let refused)): throw HTTPFailure(refused)
        case .message: break
        case .late: throw .late(limit)
        case .stopping: throw .stopping
        }
        return false
    }

    /// Adds budgets.
    mutating func receive(_ received: [PlannedBudget]) {
        for budget in received where budget.index < PlanLimits.candidates.upperBound {
            while budgets.count <= budget.index { budgets.append(nil) }
            budgets[budget.index] = budget
        }
    }

    /// Adds the end.
    mutating func receive(_ received: PlanEnd) {
        end = received
    }

    /// Whether the budgets are those of the end: as many, with its digest.
    var isWhole: Bool {
        guard let end, budgets.count == end.prompts, budgets.allSatisfy({ $0 != nil }) else { return false }
        return PlanEnd.digest(of: budgets.map { $0?.n ?? 0 }).bytes == end.digest
    }

    /// The plan's members: everything but its budgets, then those, unless they were written already.
    func write(to json: inout JSONWriter, withItems: Bool = true) {
        guard let end else { return }
        json.member("policy_id", plan.policyID)
        json.member("step", plan.step)
        json.member("plan_id", end.planID)
        json.member("status", end.status.rawValue)
        json.member("prompts", end.prompts)
        json.member("total", end.total)
        json.member("surplus", end.surplus)
        json.member("reserve", end.reserve)
        json.member("utility", end.utility)
        json.member("uniform_utility", end.uniformUtility)
        json.member("upper_bound", end.upperBound)
        json.member("price", end.price)
        json.member("zero_groups", end.zeroGroups)
        json.member("uniform_reason", end.uniformReason.isEmpty ? nil : end.uniformReason)
        json.member("context_rows", end.contextRows)
        json.member("staleness_steps", end.staleness < 0 || end.contextRows == 0 ? nil : end.staleness)
        json.member("context_ahead_steps", end.contextAhead)
        if let limit = end.totalTokens { json.member("total_tokens", limit) }
        if let tokens = end.expectedTokens { json.member("expected_tokens", tokens) }
        if let waste = end.expectedWaste { json.member("expected_waste_tokens", waste) }
        if let total = end.adviceTotal, let utility = end.adviceUtility {
            json.object("advice") { json in
                json.member(end.totalTokens == nil ? "total" : "total_tokens", total)
                json.member("utility", utility)
            }
        }
        if end.explored > 0 || end.exploreSaved != 0 {
            json.member("explored_rollouts", end.explored)
            json.member("saved_exploration", end.exploreSaved)
        }
        if end.attempt > 0 { json.member("attempt", Int(clamping: end.attempt)) }
        json.member("digest", Digest(bytes: end.digest)?.hex)
        json.member("warnings", end.warnings)
        guard withItems else { return }
        json.array("items", budgets.compactMap { $0 }) { json, budget in
            json.object { Self.write(budget, to: &$0) }
        }
    }

    /// The members of a budget.
    static func write(_ budget: PlannedBudget, to json: inout JSONWriter) {
        json.member("prompt_id", budget.promptID)
        json.member("n", budget.n)
        json.member("p", budget.p)
        json.member("kappa", budget.kappa)
        json.member("source", budget.source)
        json.member("reason", budget.reason)
        if let staleness = budget.staleness { json.member("staleness_steps", staleness) }
        if let tokens = budget.expectedTokens { json.member("expected_tokens", tokens) }
        if let evidence = budget.evidence { write(evidence, to: &json) }
    }

    /// The member `evidence` of a budget or a prediction.
    static func write(_ evidence: Evidence, to json: inout JSONWriter) {
        json.object("evidence") { json in
            json.member("context_rows", evidence.contextRows)
            json.member("references", evidence.references)
            json.member("own_record", evidence.ownRecord)
        }
    }

    /// The members of a group that is done.
    static func write(_ group: GroupDone, to json: inout JSONWriter) {
        json.member("number", group.number)
        json.member("index", group.index)
        json.member("prompt_id", group.promptID)
        json.member("rewards", group.rewards)
        json.member("advantages", group.advantages)
        json.member("baseline", group.baseline)
        json.member("failed", group.failed)
        json.member("reason", group.reason)
        json.member("references", group.references)
    }
}
