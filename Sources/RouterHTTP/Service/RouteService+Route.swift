import Corpora
import HTTPServing
import HTTPTypes
import Hummingbird
import Routing
import Synchronization

// `POST /v1/route`: the decision, without forwarding.

extension RouteService {
    /// The decision only. An overloaded value model is an error here, because a default would not answer the question.
    func route(_ request: ChatRequest) async throws -> Response {
        var rule = fleet.rule
        if let name = request.model {
            guard case .rule(let wanted)? = requested(name) else { throw unknownModel(name) }
            rule = wanted
        }
        if let target = request.target { rule = .target(target) }
        if let beta = request.beta { rule = .weighted(beta) }
        let decided = try await decide(request, rule: rule, isNeeded: true)
        let row = stamped(decided.row)
        log.append(row)
        if let text = decided.text, let model = row.model {
            recent.keep(row.decisionID, RecentDecisions.Entry(model: model, text: text))
        }
        if decided.decision.reason == .promptTooLong { throw tooLong(decided) }
        if decided.decision.reason == .noneAvailable {
            throw HTTPFailure(
                .serviceUnavailable, "none_available", "every model is cooling down or at its limit",
                retryAfter: endpoints.withLock { $0.retryAfter(now: .now) })
        }
        return JSONBody.response(row, headers: headers(row, sentTo: decided.decision.model))
    }
}
