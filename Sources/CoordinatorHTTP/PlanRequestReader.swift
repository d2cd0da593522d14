import JSON
import Planning
import Scoring
import Wire

// Requests of trainers from JSON. Names and defaults are those of `proto/openapi.yaml`.

/// Bounds of what a request may say.
enum RequestLimits {
    static let label = 1...Limits.labelBytesMax
    static let text = 0...Limits.textBytesMax
    static let rollouts = 0...BudgetRequest.rolloutsMax
    /// Rollouts of a step: every candidate with the largest group.
    static let total = 0...RequestPlan.candidatesMax * BudgetRequest.rolloutsMax
    static let steps = 0...Int(Int32.max)
    static let share = 0.0...1.0
    static let rewards = -1e9...1e9
    /// A request that wants to wait longer than ten minutes wants something else.
    static let deadline = 1...600_000
}

extension RequestPlan {
    /// Reads `POST /v1/plans`.
    init(_ json: JSONValue) throws(APIError) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(APIError) in
            try fields.text("policy_id", bytes: RequestLimits.label)
        }
        let step = try fields.need("step") { (fields) throws(APIError) in
            try fields.integer("step", in: RequestLimits.steps)
        }
        let total = try fields.need("total") { (fields) throws(APIError) in
            try fields.integer("total", in: RequestLimits.total)
        }
        let items = try fields.need("items") { (fields) throws(APIError) in
            try fields.array("items", count: 1...RequestPlan.candidatesMax)
        }
        self.init(
            plan: PlanName(policyID: policyID, step: step), total: total, candidates: try Self.candidates(items))
        try readSizes(&fields)
        try readManner(&fields)
        outcomes = try [GroupOutcome](fields: &fields) ?? []
        try fields.finish()
    }

    private mutating func readSizes(_ fields: inout RequestFields) throws(APIError) {
        reserve = try fields.integer("reserve", in: RequestLimits.total) ?? reserve
        minimum = try fields.integer("n_min", in: RequestLimits.rollouts) ?? minimum
        maximum = try fields.integer("n_max", in: RequestLimits.rollouts) ?? max(maximum, minimum)
        multipleOf = try fields.integer("multiple_of", in: 1...BudgetRequest.rolloutsMax) ?? multipleOf
        groupSizes =
            try fields.integers("group_sizes", count: RequestLimits.rollouts, in: RequestLimits.rollouts) ?? []
        guard minimum <= maximum else {
            throw .invalid(.outOfRange, "n_max", "n_max is \(maximum), less than n_min, which is \(minimum)")
        }
    }

    private mutating func readManner(_ fields: inout RequestFields) throws(APIError) {
        policyVersion = try fields.integer("policy_version", in: RequestLimits.steps)
        let objectives = BudgetObjective.allCases.map(\.rawValue)
        if let name = try fields.text("objective", bytes: RequestLimits.label) {
            guard objectives.contains(name) else {
                throw .invalid(
                    .outOfRange, "objective",
                    "objective is \"\(name.prefix(80))\"; it must be one of \(objectives.joined(separator: ", "))")
            }
            objective = name
        }
        explore = try fields.number("explore", in: RequestLimits.share) ?? explore
        if let milliseconds = try fields.integer("deadline_ms", in: RequestLimits.deadline) {
            deadline = .milliseconds(milliseconds)
        }
        fallback = try fields.choice("fallback", ["uniform": .uniform, "refuse": .refuse]) ?? fallback
        mode = try fields.choice("mode", ["active": .active, "shadow": .shadow]) ?? mode
        delivery = try fields.choice("delivery", ["trainer": .trainer, "workers": .workers]) ?? delivery
        context = try ContextChoice(fields: &fields) ?? context
        recordDecay = try fields.number("record_decay", in: RequestLimits.share) ?? recordDecay
        rewards = try fields.rewardRange()
        raisesFloors = try fields.flag("failure_floor") ?? raisesFloors
        groupSurvival = try fields.number("group_survival", in: RequestLimits.share) ?? groupSurvival
        lookAhead = try fields.number("look_ahead", in: RequestLimits.share) ?? lookAhead
        lookAheadMost = try fields.integer("look_ahead_most", in: RequestLimits.rollouts) ?? lookAheadMost
    }

    private static func candidates(_ items: [JSONValue]) throws(APIError) -> [PlanCandidate] {
        var candidates: [PlanCandidate] = []
        candidates.reserveCapacity(items.count)
        var rows: [String: Int] = [:]
        rows.reserveCapacity(items.count)
        for (row, item) in items.enumerated() {
            var fields = try RequestFields(item, at: "items[\(row)]")
            let promptID = try fields.need("prompt_id") { (fields) throws(APIError) in
                try fields.text("prompt_id", bytes: RequestLimits.label)
            }
            if let first = rows.updateValue(row, forKey: promptID) {
                throw .invalid(
                    .duplicate, fields.name(of: "prompt_id"),
                    "items[\(row)].prompt_id is \"\(promptID.prefix(80))\", as is that of items[\(first)]; "
                        + "give each prompt one item")
            }
            candidates.append(
                PlanCandidate(
                    promptID: promptID, text: try fields.text("prompt", bytes: RequestLimits.text) ?? "",
                    minimum: try fields.integer("n_min", in: RequestLimits.rollouts),
                    maximum: try fields.integer("n_max", in: RequestLimits.rollouts)))
            try fields.finish()
        }
        return candidates
    }
}

extension ContextChoice {
    /// Reads `context`; `nil` where it is absent.
    init?(fields: inout RequestFields) throws(APIError) {
        guard let value = fields.remove("context") else { return nil }
        self.init()
        var fields = try RequestFields(value, at: "context")
        rows = try fields.integer("rows", in: 0...ContextSet.rowsMax) ?? rows
        selection =
            try fields.choice(
                "selection",
                [
                    "recent": .recent, "uniform": .uniform, "stratified": .stratified, "prototypes": .prototypes,
                ]) ?? selection
        includesOwn = try fields.flag("own_outcomes") ?? includesOwn
        seed = UInt64(try fields.integer("seed", in: 0...Int.max) ?? 0)
        try fields.finish()
    }
}

extension RequestFields {
    /// Reads `reward_low` and `reward_high`.
    mutating func rewardRange() throws(APIError) -> ClosedRange<Double> {
        let low = try number("reward_low", in: RequestLimits.rewards) ?? 0
        let high = try number("reward_high", in: RequestLimits.rewards) ?? max(1, low + 1)
        guard low < high else {
            throw .invalid(
                .outOfRange, "reward_high", "reward_high is \(high); it must be more than reward_low, \(low)")
        }
        return low...high
    }
}
