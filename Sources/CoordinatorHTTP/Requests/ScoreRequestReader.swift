package import HTTPServing
package import JSON
import Scoring
package import Wire

// Reads the JSON of a request for scores. The reader checks types, and the texts before they become blocks;
// `RequestScores.check` checks the other bounds.

extension RequestScores {
    /// Reads `POST /v1/score`; returns the ids of its prompts beside it, in order. The answer repeats `request`.
    package static func reading(
        _ json: JSONValue, request: UInt64
    ) throws(HTTPFailure) -> (request: RequestScores, promptIDs: [String?]) {
        var fields = try RequestFields(json, at: "")
        let policyID = try fields.need("policy_id") { (fields) throws(HTTPFailure) in try fields.text("policy_id") }
        let version = try fields.integer("policy_version")
        let items = try fields.need("items") { (fields) throws(HTTPFailure) in
            try fields.array("items", count: 1...Limits.shardRowsMax)
        }
        var texts: [String] = []
        var promptIDs: [String?] = []
        var facts: [PromptFacts] = []
        for (row, item) in items.enumerated() {
            var fields = try RequestFields(item, at: "items[\(row)]")
            promptIDs.append(try fields.text("prompt_id", bytes: PlanLimits.idBytes))
            texts.append(try fields.promptText())
            facts.append(try fields.promptFacts())
            try fields.finish()
        }
        let choice = try ContextChoice(fields: &fields)
        let context = try contextSet(&fields, &facts)
        let references = try fields.policyIDs()
        if choice != nil, context != nil {
            throw .invalid(
                .outOfRange, "context_set", "there are context and context_set; give a set, or how to draw one")
        }
        let deadline = try fields.deadline() ?? .seconds(10)
        try fields.finish()
        let scores = RequestScores(
            request: request, policy: Policy(id: policyID, version: version),
            context: context.map { ContextBlock($0) }, choice: choice ?? ContextChoice(), deadline: deadline,
            texts: TextBlock(texts), references: references, facts: facts.allSatisfy(\.isEmpty) ? [] : facts)
        do throws(RequestFault) { try scores.check() } catch { throw HTTPFailure(error) }
        return (scores, promptIDs)
    }

    /// Reads `context_set`, and adds what is known about its prompts to `facts`.
    private static func contextSet(
        _ fields: inout RequestFields, _ facts: inout [PromptFacts]
    ) throws(HTTPFailure) -> ContextSet? {
        guard let rows = try fields.array("context_set", count: 1...ContextSet.rowsMax) else { return nil }
        var pairs: [ContextSet.Row] = []
        for (row, value) in rows.enumerated() {
            var fields = try RequestFields(value, at: "context_set[\(row)]")
            let text = try fields.promptText()
            let reward = try fields.need("reward") { (fields) throws(HTTPFailure) in
                try fields.number("reward", in: PlanLimits.shares)
            }
            let n = try fields.integer("n", in: 1...PlanLimits.counts.upperBound) ?? 1
            facts.append(try fields.promptFacts())
            try fields.finish()
            if let outcome = Outcome(reward: reward, n: n) { pairs.append(.init(text: text, outcome: outcome)) }
        }
        return ContextSet(pairs)
    }
}

extension RequestFields {
    /// Reads `prompt`, which must be there.
    fileprivate mutating func promptText() throws(HTTPFailure) -> String {
        try need("prompt") { (fields) throws(HTTPFailure) in try fields.text("prompt", bytes: PlanLimits.textBytes) }
    }

    /// Reads `covariates` and `references` of a prompt.
    fileprivate mutating func promptFacts() throws(HTTPFailure) -> PromptFacts {
        PromptFacts(covariates: try covariates(), references: try namedOutcomes())
    }
}
