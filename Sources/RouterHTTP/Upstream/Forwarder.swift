import AsyncHTTPClient
import Corpora
import Foundation
import HTTPServing
import NIOCore
import NIOHTTP1
import Routing
import Traces

/// Sends a request's body to an endpoint and waits for the beginning of an answer.
struct Forwarder: Sendable {
    /// The result of one try.
    enum Result: Sendable {
        /// An answer begins; the relay passes it on.
        case begun(AnswerRelay)
        /// None does, and the client has seen nothing.
        case failed(UpstreamFailure)
        /// The client has left.
        case clientLeft
    }

    let client: HTTPClient
    /// By the variables that the fleet file names.
    let keys: [String: String]

    /// Tries once. `deadline` bounds the time to the first byte, beside the endpoint's own limits. `use` is held as long as
    /// the request is in flight.
    func send(
        _ request: ChatRequest, to endpoint: FleetModel.Endpoint, for caller: Caller, use: UpstreamUse,
        deadline: ContinuousClock.Instant
    ) async -> Result {
        var answer = UpstreamAnswer(
            isStreaming: request.isStreaming, endpoint: endpoint, now: .now, deadline: deadline)
        let call = UpstreamCall(prepared(request, endpoint, use), client: client, caller: caller)
        var head = AnswerRelay.Head(status: 0, headers: HTTPHeaders())
        while true {
            let event: UpstreamAnswer.Event
            switch await call.inbox.take(until: answer.nextDeadline) {
            case .clientLeft: return .clientLeft
            case .answer(let arrived): event = arrived
            case .head(let status, let headers):
                head = AnswerRelay.Head(status: status, headers: headers)
                event = .head(Self.head(status, headers))
            }
            let actions = answer.handle(event, now: .now)
            switch actions.first {
            case .fail(let failure)?: return .failed(failure)
            case nil: continue
            default: return .begun(AnswerRelay(head: head, answer: answer, actions: actions, call: call, use: use))
            }
        }
    }

    private func prepared(
        _ request: ChatRequest, _ endpoint: FleetModel.Endpoint, _ use: UpstreamUse
    ) -> HTTPClientRequest {
        var prepared = HTTPClientRequest(url: endpoint.url + "/chat/completions")
        prepared.method = .POST
        prepared.headers.add(name: "content-type", value: "application/json")
        // What is not compressed can be checked.
        prepared.headers.add(name: "accept-encoding", value: "identity")
        if let key = endpoint.keyVariable.flatMap({ keys[$0] }) {
            prepared.headers.add(name: "authorization", value: "Bearer \(key)")
        }
        if let trace = use.trace { prepared.headers.add(name: "traceparent", value: trace.traceparent) }
        if let state = use.trace?.state { prepared.headers.add(name: "tracestate", value: state.text) }
        prepared.body = .bytes(ByteBuffer(bytes: request.body(naming: endpoint.model)))
        return prepared
    }

    private static func head(_ status: Int, _ headers: HTTPHeaders) -> UpstreamAnswer.Head {
        UpstreamAnswer.Head(
            status: status, contentType: headers.first(name: "content-type"),
            contentEncoding: headers.first(name: "content-encoding"),
            retryAfter: RetryAfter.duration(
                header: headers.first(name: "retry-after"), milliseconds: headers.first(name: "retry-after-ms"),
                now: Date().timeIntervalSince1970))
    }
}
