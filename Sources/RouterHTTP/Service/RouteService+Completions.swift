// `POST /v1/chat/completions`: decides, then asks the models in order until one answers.

import AsyncHTTPClient
import Corpora
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Routing
import Scoring
import Synchronization

extension RouteService {
    /// Decides and forwards. Throws `HTTPFailure` where no endpoint answered.
    func complete(_ request: ChatRequest) async throws -> Response {
        guard let requested = requested(request.model) else { throw unknownModel(request.model ?? "") }
        var decided: Decided
        var order: [Int]
        switch requested {
        case .model(let index):
            decided = named(index, request)
            order = [index]
        case .rule(let rule):
            decided = try await decide(request, rule: rule, isNeeded: false)
            if decided.decision.reason == .promptTooLong {
                log.append(stamped(decided.row))
                throw tooLong(decided)
            }
            let fallbacks = fleet.fallbacks + [fleet.defaultIndex]
            order = options.isObserving ? [fleet.defaultIndex] + fleet.fallbacks : decided.decision.ranking + fallbacks
        }
        var tried: Set<Int> = []
        order = order.filter { tried.insert($0).inserted }
        return try await forward(request, decided, order: order)
    }

    private func forward(
        _ request: ChatRequest, _ decided: Decided, order: [Int]
    ) async throws -> Response {
        var row = stamped(decided.row)
        let deadline = clock.now + fleet.deadline
        var failures: [String] = []
        for index in order {
            guard failures.count < options.attemptsMax, clock.now < deadline else { break }
            let model = fleet.models[index]
            guard let endpoint = model.endpoint, begin(index) else { continue }
            let use = ScopeGuard { [weak self] in self?.endpoints.withLock { $0.end(index) } }
            let limit = min(endpoint.timeout, deadline - clock.now)
            let answer = await forwarder.send(request.body(naming: endpoint.model), to: endpoint, within: limit)
            switch answer {
            case .begun(let response):
                endpoints.withLock { $0.succeeded(index) }
                metrics.answered(model: model.name, result: response.status.code < 400 ? "ok" : "client_error")
                row.sentTo = model.name
                log.append(row)
                if let text = decided.text {
                    recent.keep(row.decisionID, RecentDecisions.Entry(model: model.name, text: text))
                }
                return pass(response, headers: headers(row, sentTo: index), holding: use)
            case .failed(let reason, let detail, let retryAfter):
                endpoints.withLock { $0.failed(index, now: clock.now, retryAfter: retryAfter) }
                metrics.answered(model: model.name, result: reason)
                metrics.fellBack(reason)
                failures.append("\(model.name): \(reason) (\(detail))")
                logger.warning(
                    "endpoint failed",
                    metadata: ["model": "\(model.name)", "reason": "\(reason)", "detail": "\(detail)"])
            }
        }
        log.append(row)
        let wait = endpoints.withLock { $0.retryAfter(now: clock.now) }
        guard !failures.isEmpty else {
            var failure = HTTPFailure(
                .serviceUnavailable, "none_available",
                "every model for this request is cooling down or at its limit",
                retryAfter: wait)
            failure.headers = headers(row, sentTo: nil)
            throw failure
        }
        var failure = HTTPFailure(
            .badGateway, "upstream_failed", "no endpoint answered: \(failures.joined(separator: "; "))",
            retryAfter: wait)
        failure.headers = headers(row, sentTo: nil)
        throw failure
    }

    private func begin(_ index: Int) -> Bool { endpoints.withLock { $0.begin(index, now: clock.now) } }

    /// The endpoint's answer, piece by piece as it arrives; `use` is held until its end.
    private func pass(_ response: HTTPClientResponse, headers: HTTPFields, holding use: ScopeGuard) -> Response {
        var headers = headers
        for name in ["content-type", "cache-control", "x-request-id", "retry-after", "content-encoding"] {
            if let value = response.headers.first(name: name), let field = HTTPField.Name(name) {
                headers[field] = value
            }
        }
        let length = response.headers.first(name: "content-length").flatMap(Int.init)
        let body = ResponseBody(contentLength: length) { writer in
            for try await buffer in response.body { try await writer.write(buffer) }
            try await writer.finish(nil)
        }
        return Response(
            status: .init(code: Int(response.status.code)), headers: headers, body: body.holding(use))
    }

    private func named(_ index: Int, _ request: ChatRequest) -> Decided {
        let tokens = request.text.map { TokenEstimate.tokens(of: $0) } ?? 0
        let decision = RouteDecision(model: index, reason: .named, ranking: [index])
        var row = DecisionRow(
            id: Self.newID(), promptDigest: request.text.map { Digest(of: $0).hex }, inputTokens: tokens,
            rule: fleet.rule, decision: decision, candidates: [], fleet: fleet)
        row.cost = fleet.expectedCost(of: index, inputTokens: tokens, outputTokensMax: request.outputTokensMax)
        metrics.decided(model: row.model, reason: .named, dollars: row.cost, took: .zero)
        return Decided(row: row, decision: decision, text: request.text)
    }
}
