import JSON
import Scoring
import Wire

extension RequestScores {
    /// Reads `POST /v1/score`; the ids of its prompts, in order, come beside it. `request` comes back with the answer.
    static func reading(
        _ json: JSONValue, request: UInt64
    ) throws(APIError) -> (request: RequestScores, promptIDs: [String?]) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(APIError) in
            try fields.text("policy_id", bytes: RequestLimits.label)
        }
        let version = try fields.integer("policy_version", in: RequestLimits.steps)
        let items = try fields.need("items") { (fields) throws(APIError) in
            try fields.array("items", count: 1...Limits.shardRowsMax)
        }
        var texts: [String] = []
        var promptIDs: [String?] = []
        for (row, item) in items.enumerated() {
            var fields = try RequestFields(item, at: "items[\(row)]")
            promptIDs.append(try fields.text("prompt_id", bytes: RequestLimits.label))
            texts.append(
                try fields.need("prompt") { (fields) throws(APIError) in
                    try fields.text("prompt", bytes: RequestLimits.text)
                })
            try fields.finish()
        }
        let choice = try ContextChoice(fields: &fields)
        let context = try contextSet(&fields)
        if choice != nil, context != nil {
            throw .invalid(
                .outOfRange, "context_set", "there are context and context_set; give a set, or how to draw one")
        }
        let deadline = try fields.integer("deadline_ms", in: RequestLimits.deadline) ?? 10_000
        try fields.finish()
        return (
            RequestScores(
                request: request, policy: Policy(id: policyID, version: version),
                context: context.map { ContextBlock($0) }, choice: choice ?? ContextChoice(),
                deadline: .milliseconds(deadline), texts: TextBlock(texts)), promptIDs
        )
    }

    private static func contextSet(_ fields: inout RequestFields) throws(APIError) -> ContextSet? {
        guard let rows = try fields.array("context_set", count: 1...ContextSet.rowsMax) else { return nil }
        var pairs: [ContextSet.Row] = []
        for (row, value) in rows.enumerated() {
            var fields = try RequestFields(value, at: "context_set[\(row)]")
            let text = try fields.need("prompt") { (fields) throws(APIError) in
                try fields.text("prompt", bytes: RequestLimits.text)
            }
            let reward = try fields.need("reward") { (fields) throws(APIError) in
                try fields.number("reward", in: RequestLimits.share)
            }
            let n = try fields.integer("n", in: 1...Int(Int32.max)) ?? 1
            try fields.finish()
            if let outcome = Outcome(reward: reward, n: n) { pairs.append(.init(text: text, outcome: outcome)) }
        }
        return ContextSet(pairs)
    }
}
