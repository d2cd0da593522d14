package import HTTPServing
package import JSON
import Scoring
package import Wire

// Reads the JSON of a request for a plan. Names and defaults are those of `proto/openapi.yaml`. The reader checks types;
// `RequestPlan.check` checks bounds.

extension RequestPlan {
    /// Reads `POST /v1/plans`. Throws the first member that is missing, unknown, of a wrong type or out of range.
    package init(_ json: JSONValue) throws(HTTPFailure) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(HTTPFailure) in try fields.text("policy_id") }
        let step = try fields.need("step") { (fields) throws(HTTPFailure) in try fields.integer("step") }
        let tokens = try fields.integer("total_tokens")
        // One of the two limits is needed.
        let stated = try fields.integer("total")
        let total = try fields.need("total") { (_) throws(HTTPFailure) in stated ?? (tokens == nil ? nil : 0) }
        let items = try fields.need("items") { (fields) throws(HTTPFailure) in
            try fields.array("items", count: PlanLimits.candidates)
        }
        self.init(
            plan: PlanName(policyID: policyID, step: step), total: total, candidates: try Self.candidates(items))
        totalTokens = tokens
        try readSizes(&fields)
        try readOptions(&fields)
        outcomes = try [GroupOutcome](fields: &fields) ?? []
        try fields.finish()
        do throws(RequestFault) {
            try check()
            try checkNoDuplicates()
        } catch {
            throw HTTPFailure(error)
        }
    }

    private mutating func readSizes(_ fields: inout RequestFields) throws(HTTPFailure) {
        reserve = try fields.integer("reserve") ?? reserve
        minimum = try fields.integer("n_min") ?? minimum
        maximum = try fields.integer("n_max") ?? max(maximum, minimum)
        multipleOf = try fields.integer("multiple_of") ?? multipleOf
        groupSizes = try fields.integers("group_sizes", count: PlanLimits.groupSizes) ?? []
    }

    private mutating func readOptions(_ fields: inout RequestFields) throws(HTTPFailure) {
        policyVersion = try fields.integer("policy_version")
        objective = try fields.choice("objective") ?? objective
        explore = try fields.number("explore") ?? explore
        revisitAfter = try fields.integer("revisit_after") ?? revisitAfter
        if let deadline = try fields.deadline() { self.deadline = deadline }
        fallback = try fields.choice("fallback") ?? fallback
        mode = try fields.choice("mode") ?? mode
        delivery = try fields.choice("delivery") ?? delivery
        context = try ContextChoice(fields: &fields) ?? context
        recordDecay = try fields.number("record_decay") ?? recordDecay
        rewards = try fields.rewardRange() ?? rewards
        raisesFloors = try fields.flag("failure_floor") ?? raisesFloors
        groupSurvival = try fields.number("group_survival") ?? groupSurvival
        lookAhead = try fields.number("look_ahead") ?? lookAhead
        lookAheadMost = try fields.integer("look_ahead_most") ?? lookAheadMost
        references = try fields.policyIDs()
        attempt = try fields.attempt()
        replaces = try fields.flag("replace") ?? replaces
        keepsOutcomes = try fields.flag("keep_outcomes") ?? keepsOutcomes
        inFlightMax = try fields.integer("in_flight_max") ?? inFlightMax
    }

    private static func candidates(_ items: [JSONValue]) throws(HTTPFailure) -> [PlanCandidate] {
        var candidates: [PlanCandidate] = []
        candidates.reserveCapacity(items.count)
        for (row, item) in items.enumerated() {
            var fields = try RequestFields(item, at: "items[\(row)]")
            candidates.append(
                PlanCandidate(
                    promptID: try fields.need("prompt_id") { (fields) throws(HTTPFailure) in
                        try fields.text("prompt_id")
                    },
                    text: try fields.text("prompt") ?? "", minimum: try fields.integer("n_min"),
                    maximum: try fields.integer("n_max"), covariates: try fields.covariates(),
                    references: try fields.namedOutcomes(), expectedTokens: try fields.number("expected_tokens"),
                    tokensMax: try fields.integer("tokens_max")))
            try fields.finish()
        }
        return candidates
    }
}

extension ContextChoice {
    /// Reads `context`; `nil` where it is absent.
    init?(fields: inout RequestFields) throws(HTTPFailure) {
        guard let value = fields.remove("context") else { return nil }
        self.init()
        var fields = try RequestFields(value, at: "context")
        rows = try fields.integer("rows") ?? rows
        selection = try fields.choice("selection") ?? selection
        includesOwn = try fields.flag("own_outcomes") ?? includesOwn
        seed = UInt64(try fields.integer("seed", in: PlanLimits.seeds) ?? 0)
        try fields.finish()
    }
}

extension RequestFields {
    /// Reads `reward_low` and `reward_high`; `nil` where neither is there.
    mutating func rewardRange() throws(HTTPFailure) -> ClosedRange<Double>? {
        let (lowest, highest) = (try number("reward_low"), try number("reward_high"))
        guard lowest != nil || highest != nil else { return nil }
        let low = lowest ?? 0
        let high = highest ?? max(1, low + 1)
        do throws(RequestFault) {
            return try RequestFault.rewardRange(low: low, high: high)
        } catch {
            throw HTTPFailure(error)
        }
    }

    /// Reads `attempt`; 0 where it is absent.
    mutating func attempt() throws(HTTPFailure) -> UInt64 {
        UInt64(try integer("attempt", in: PlanLimits.attempts) ?? 0)
    }

    /// Reads `deadline_ms`.
    mutating func deadline() throws(HTTPFailure) -> Duration? {
        try integer("deadline_ms", in: PlanLimits.deadlineMilliseconds).map { .milliseconds($0) }
    }
}
