import Corpora
import Routing
import Traces

// What spans of the router say: of a decision, and of a request to an endpoint. Never a prompt or an answer.

extension Span {
    /// Ends the span of a decision.
    func end(_ row: DecisionRow) {
        set("statezero.decision", row.decisionID)
        set("statezero.model", row.model ?? "none")
        set("statezero.reason", row.reason.rawValue)
        if let p = row.candidates.first(where: { $0.model == row.model })?.p { set("statezero.p", .decimal(Double(p))) }
        end()
    }

    /// Starts the span of a request to a model's endpoint, within this one.
    func upstream(_ model: FleetModel, attempt: Int) -> Span {
        let span = child("chat \(model.name)", .client)
        span.set("gen_ai.operation.name", "chat")
        span.set("gen_ai.request.model", model.endpoint?.model ?? model.name)
        span.set("statezero.model", model.name)
        span.set("statezero.attempt", attempt)
        return span
    }

    /// Ends the span of a request to an endpoint.
    func end(_ end: UpstreamUse.End, _ answer: UpstreamAnswer?) {
        if let usage = answer?.usage {
            set("gen_ai.usage.input_tokens", usage.inputTokens)
            set("gen_ai.usage.output_tokens", usage.outputTokens)
        }
        switch end {
        case .answered: self.end()
        case .failed(let failure): self.end(failure: failure.reason.rawValue)
        case .left: self.end(failure: "client_left")
        }
    }
}
