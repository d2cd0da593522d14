package import HTTPServing
package import JSON
import Scoring
package import Wire

// Reads the JSON of outcomes. The reader checks types; `ReportOutcomes.check` and `GroupOutcome.check` check bounds.

extension ReportOutcomes {
    /// Reads `POST /v1/outcomes`. The answer repeats `request`.
    package init(_ json: JSONValue, request: UInt64) throws(HTTPFailure) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(HTTPFailure) in try fields.text("policy_id") }
        let rewards = try fields.rewardRange()
        let attempt = try fields.attempt()
        let outcomes = try fields.need("outcomes") { (fields) throws(HTTPFailure) in
            try [GroupOutcome](fields: &fields)
        }
        try fields.finish()
        self.init(request: request, policyID: policyID, rewards: rewards, attempt: attempt, outcomes: outcomes)
        do throws(RequestFault) { try check() } catch { throw HTTPFailure(error) }
    }
}

extension [GroupOutcome] {
    /// Reads `outcomes`; `nil` where it is absent.
    init?(fields: inout RequestFields) throws(HTTPFailure) {
        guard let rows = try fields.array("outcomes", count: PlanLimits.outcomes) else { return nil }
        self = []
        reserveCapacity(rows.count)
        for (row, value) in rows.enumerated() { append(try GroupOutcome(value, at: "outcomes[\(row)]")) }
    }
}

extension GroupOutcome {
    /// Reads one outcome: rewards, or their mean and number.
    fileprivate init(_ value: JSONValue, at path: String) throws(HTTPFailure) {
        var fields = try RequestFields(value, at: path)
        let eventID = try fields.need("event_id") { (fields) throws(HTTPFailure) in try fields.text("event_id") }
        let promptID = try fields.need("prompt_id") { (fields) throws(HTTPFailure) in try fields.text("prompt_id") }
        let rewards = try fields.rewards()
        let mean = try fields.number("mean")
        let n = try fields.integer("n")
        let failed = try fields.integer("failed") ?? 0
        self.init(
            eventID: eventID, promptID: promptID, text: try fields.text("prompt") ?? "",
            policyVersion: try fields.integer("policy_version"), step: try fields.integer("step"),
            rewards: rewards ?? [], mean: mean ?? 0, n: n ?? 0, failed: failed,
            tokens: try fields.integer("tokens") ?? 0)
        try fields.finish()
        do throws(RequestFault) { try check(at: path) } catch { throw HTTPFailure(error) }
        guard rewards == nil || (mean == nil && n == nil) else {
            throw .invalid(
                .outOfRange, path,
                "\(path) has rewards and also mean or n; give the rewards, or mean and n without them")
        }
        if rewards == nil {
            guard mean != nil, let n, n >= 1 else {
                guard failed > 0, mean == nil, n ?? 0 == 0 else {
                    throw .invalid(
                        .missing, "\(path).rewards",
                        "\(path) has neither rewards nor mean and n (at least 1); one of the two is needed")
                }
                return
            }
        }
    }
}

extension RequestFields {
    /// Reads `rewards`; a null is no number, and the planner rejects its outcome.
    fileprivate mutating func rewards() throws(HTTPFailure) -> [Double]? {
        guard let values = try array("rewards", count: PlanLimits.groupRollouts) else { return nil }
        var rewards: [Double] = []
        rewards.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            if value == .null {
                rewards.append(.nan)
            } else if let reward = value.double {
                rewards.append(reward)
            } else {
                let path = "\(name(of: "rewards"))[\(index)]"
                throw .invalid(.wrongType, path, "\(path): expected a number, found \(value.kind)")
            }
        }
        return rewards
    }
}
