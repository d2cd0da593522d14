import JSON
import Planning
import Scoring
import Wire

extension ReportOutcomes {
    /// Reads `POST /v1/outcomes`. `request` comes back with the answer.
    init(_ json: JSONValue, request: UInt64) throws(APIError) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(APIError) in
            try fields.text("policy_id", bytes: RequestLimits.label)
        }
        let rewards = try fields.rewardRange()
        let outcomes = try fields.need("outcomes") { (fields) throws(APIError) in
            try [GroupOutcome](fields: &fields)
        }
        try fields.finish()
        self.init(request: request, policyID: policyID, rewards: rewards, outcomes: outcomes)
    }
}

extension [GroupOutcome] {
    /// Reads `outcomes`; `nil` where it is absent.
    init?(fields: inout RequestFields) throws(APIError) {
        guard let rows = try fields.array("outcomes", count: 0...ReportOutcomes.outcomesMax) else { return nil }
        self = []
        reserveCapacity(rows.count)
        for (row, value) in rows.enumerated() { append(try GroupOutcome(value, at: "outcomes[\(row)]")) }
    }
}

extension GroupOutcome {
    /// Reads one outcome: rewards, or their mean and number.
    fileprivate init(_ value: JSONValue, at path: String) throws(APIError) {
        var fields = try RequestFields(value, at: path)
        let eventID = try fields.need("event_id") { (fields) throws(APIError) in
            try fields.text("event_id", bytes: RequestLimits.label)
        }
        let promptID = try fields.need("prompt_id") { (fields) throws(APIError) in
            try fields.text("prompt_id", bytes: RequestLimits.label)
        }
        let rewards = try fields.numbers(
            "rewards", count: 0...BudgetRequest.rolloutsMax, in: RequestLimits.rewards)
        let mean = try fields.number("mean", in: RequestLimits.rewards)
        let n = try fields.integer("n", in: 0...Int(Int32.max))
        let failed = try fields.integer("failed", in: 0...Int(Int32.max)) ?? 0
        self.init(
            eventID: eventID, promptID: promptID, text: try fields.text("prompt", bytes: RequestLimits.text) ?? "",
            policyVersion: try fields.integer("policy_version", in: RequestLimits.steps),
            step: try fields.integer("step", in: RequestLimits.steps), rewards: rewards ?? [], mean: mean ?? 0,
            n: n ?? 0, failed: failed)
        try fields.finish()
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
