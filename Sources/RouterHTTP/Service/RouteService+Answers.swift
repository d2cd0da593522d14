import Corpora
import Foundation
import HTTPServing
import HTTPTypes
import Routing
import Synchronization

// What answers say of a decision: headers, the row's time, and failures.

extension RouteService {
    /// Names of the decision's headers, which web pages of allowed origins may read.
    static let headerNames = ["decision-id", "reason", "model", "decided", "p", "cost"].map { "x-statezero-\($0)" }

    /// The decision's headers. `x-statezero-model` is the model that answers; in observe mode `x-statezero-decided` is the one
    /// that was chosen.
    func headers(_ row: DecisionRow, sentTo index: Int?) -> HTTPFields {
        var headers = HTTPFields()
        func set(_ name: String, _ value: String?) {
            if let field = HTTPField.Name("x-statezero-\(name)"), let value { headers[field] = value }
        }
        set("decision-id", row.decisionID)
        set("reason", row.reason.rawValue)
        let name = index.map { fleet.models[$0].name }
        set("model", name)
        if name != row.model { set("decided", row.model) }
        let candidate = row.candidates.first { $0.model == name ?? row.model }
        set("p", candidate?.p.map { "\($0)" })
        set("cost", (candidate?.cost ?? row.cost).map { "\($0)" })
        return headers
    }

    func stamped(_ row: DecisionRow) -> DecisionRow {
        var row = row
        row.time = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        return row
    }

    func unknownModel(_ name: String) -> HTTPFailure {
        HTTPFailure(
            .notFound, "model_not_found",
            "no model \"\(name.prefix(80))\"; there are \(Self.ownName), \(Self.ownName)-p0.80 (least p), "
                + "\(Self.ownName)-b0.70 (weight of success), \(Self.ownName)-lcb0.70 (the same with the lower bound of p) "
                + "and \(fleet.models.map(\.name).joined(separator: ", "))")
    }

    /// The failure of a request that no model of the fleet can answer, now or later; `nil` if one can.
    func impossible(_ decided: Decided) -> HTTPFailure? {
        var failure: HTTPFailure
        switch decided.decision.reason {
        case .promptTooLong:
            failure = HTTPFailure(
                .contentTooLarge, "prompt_too_long",
                "the prompt has about \(decided.row.inputTokens) tokens; with its answer no model that supports it accepts "
                    + "more than \(chooser.longest(decided.exclusions) ?? 0)")
        case .unsupported:
            let needs = (decided.row.needs ?? []).map(\.rawValue).joined(separator: ", ")
            failure = HTTPFailure(
                .badRequest, "unsupported",
                "no model of the fleet supports all that the request needs (\(needs)); see `supports` in the fleet file"
            )
        default: return nil
        }
        failure.headers = headers(decided.row, sentTo: nil)
        return failure
    }

    /// The failure of a request that no endpoint answered. `order` has the models that it could have been sent to, `skipped`
    /// those that could not be used.
    func noAnswer(
        _ decided: Decided, _ row: DecisionRow, order: [Int], failures: [Int: UpstreamFailure],
        skipped: [Int: RouteCandidate.Exclusion]
    ) -> HTTPFailure {
        var exclusions = skipped
        for (index, exclusion) in decided.exclusions.enumerated() where failures[index] == nil {
            guard let exclusion, exclusion != .insufficientEvidence else { continue }
            exclusions[index] = exclusions[index] ?? exclusion
        }
        let possible = Set(exclusions.keys).union(failures.keys).union(order)
            .filter { exclusions[$0] != .promptTooLong && exclusions[$0] != .unsupported }
        let wait = endpoints.withLock { $0.retryAfter(possible, now: clock.now) }
        let names = order.compactMap { index in
            failures[index].map { "\(fleet.models[index].name): \($0.reason.rawValue) (\($0.detail))" }
        }
        var failure: HTTPFailure
        switch NoAnswer(failures: failures.values.map(\.reason), exclusions: Array(exclusions.values)) {
        case .limited:
            failure = HTTPFailure(
                .tooManyRequests, "rate_limited", "every model for this request is at its limit", retryAfter: wait)
        case .spent:
            failure = HTTPFailure(
                .tooManyRequests, "spend_limit",
                "the request may cost more than can still be spent today (UTC); a day's limit is dollars_per_day in the "
                    + "fleet file", retryAfter: spending.secondsLeft)
        case .unavailable:
            failure = HTTPFailure(
                .serviceUnavailable, "none_available",
                "every model for this request is cooling down or at its limit", retryAfter: wait)
        case .failed:
            failure = HTTPFailure(
                .badGateway, "upstream_failed", "no endpoint answered: \(names.joined(separator: "; "))",
                retryAfter: wait)
        }
        failure.headers = headers(row, sentTo: nil)
        return failure
    }
}
