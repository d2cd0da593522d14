import Corpora
import HTTPServing
import HTTPTypes
import Hummingbird
import Routing
import Synchronization

// `POST /v1/route`: the decision, without forwarding.

extension RouteService {
    /// The decision only. An overloaded value model is an error here, because a default would not answer the question.
    func route(_ request: ChatRequest, _ caller: Caller) async throws -> Response {
        var rule = fleet.rule
        if let name = request.model {
            switch requested(name) {
            case .rule(let wanted)?: rule = wanted
            case .model?:
                throw HTTPFailure(
                    .notFound, "model_not_found",
                    "\(name) is a model of the fleet, so there is nothing to decide; name \(Self.ownName) instead")
            case nil: throw unknownModel(name)
            }
        }
        if let target = request.target { rule = .target(target) }
        if let beta = request.beta { rule = .weighted(beta) }
        let decided = try await decide(request, rule: rule, caller: caller, isNeeded: true)
        let row = stamped(decided.row)
        log.append(row)
        if let failure = impossible(decided) { throw failure }
        guard let index = decided.decision.model else {
            throw noAnswer(decided, row, order: [], failures: [:], skipped: [:])
        }
        remember(decided, row, index, caller)
        return JSONBody.response(row, headers: headers(row, sentTo: index))
    }
}
