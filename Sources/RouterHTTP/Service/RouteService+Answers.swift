import Foundation
import HTTPServing
import HTTPTypes
import Routing

// What answers say of a decision: headers, the row's time, and failures.

extension RouteService {
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
                + "\(Self.ownName)-b0.70 (weight of success) and \(fleet.models.map(\.name).joined(separator: ", "))")
    }

    func tooLong(_ decided: Decided) -> HTTPFailure {
        var failure = HTTPFailure(
            .contentTooLarge, "prompt_too_long",
            "the prompt has about \(decided.row.inputTokens) tokens; with its answer no model accepts more than "
                + "\(chooser.longest ?? 0)")
        failure.headers = headers(decided.row, sentTo: nil)
        return failure
    }
}
