import AsyncHTTPClient
import Corpora
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Routing
import Scoring
import Synchronization

/// What `route serve` does with a request, from its body to its answer; `RouteServer` gives it the addresses.
final class RouteService: Sendable {
    /// How it behaves, beside what the fleet file says.
    struct Options: Sendable {
        /// Decide and log, but send everything to the default.
        var isObserving = false
        /// A decision that takes longer is not waited for; the default takes the prompt.
        var decisionTime: Duration = .seconds(2)
        /// Requests served at a time; more are refused.
        var requestsMax = 512
        /// Bytes of a request.
        var bodyBytesMax = 4 << 20
        /// Models tried for one request.
        var attemptsMax = 3
        var version = ""
    }

    let fleet: Fleet
    let options: Options
    let counters = RouteCounters()
    let recent = RecentDecisions()
    let thread: DecisionThread
    let store: OutcomeStore
    let log: DecisionLog
    let logger: Logger
    let endpoints: Mutex<EndpointStates>
    /// By model: what the files say, and how many outcomes came since the history was prepared.
    let fileRows: [[ContextSet.Row]]
    let unprepared: Mutex<[Int]>
    private let chooser: RouteChooser
    private let forwarder: Forwarder
    private let clock = ContinuousClock()

    init(
        fleet: Fleet, options: Options, thread: DecisionThread, fileRows: [[ContextSet.Row]], store: OutcomeStore,
        log: DecisionLog, forwarder: Forwarder, logger: Logger
    ) {
        self.fleet = fleet
        self.options = options
        self.thread = thread
        self.fileRows = fileRows
        self.store = store
        self.log = log
        self.forwarder = forwarder
        self.logger = logger
        endpoints = Mutex(EndpointStates(fleet))
        unprepared = Mutex(Array(repeating: 0, count: fleet.models.count))
        chooser = RouteChooser(fleet)
    }

    /// A decision and what it was made from.
    struct Decided: Sendable {
        var row: DecisionRow
        let decision: RouteDecision
        let text: String?
        var dollars: Double? { row.cost }
    }

    /// Decides for a request. `isNeeded`: an overloaded value model is an error instead of a decision for the default.
    func decide(_ request: ChatRequest, rule: RouteRule, isNeeded: Bool) async throws(RouterHTTPError) -> Decided {
        let start = clock.now
        let text = request.text
        let prompt = RouteChooser.Prompt(
            digest: text.map { Digest(of: $0).hex },
            inputTokens: text.map { TokenEstimate.tokens(of: $0) } ?? 0, outputTokensMax: request.outputTokensMax)
        var estimates = Array(
            repeating: ModelEstimate(prediction: nil, rows: 0, costAwareScore: nil), count: fleet.models.count)
        var failure: RouteDecision.Reason?
        if let text {
            do throws(RouterHTTPError) {
                estimates = try await thread.estimate(text, within: options.decisionTime)
            } catch {
                if isNeeded { throw error }
                logger.warning("undecided, the default takes it", metadata: ["reason": "\(error)"])
                failure = .undecided
            }
        } else {
            failure = .unreadablePrompt
        }
        let now = clock.now
        let states = endpoints.withLock { $0 }
        let candidates = chooser.candidates(prompt, estimates: estimates) { states.exclusion($0, now: now) }
        var decision = chooser.decide(candidates, rule: rule)
        if let failure, decision.model != nil {
            // Nothing was predicted, so the rule found no evidence; the reason is another one.
            decision = RouteDecision(model: decision.model, reason: failure, ranking: decision.ranking)
        }
        let row = DecisionRow(
            id: Self.newID(), promptDigest: prompt.digest, inputTokens: prompt.inputTokens, rule: rule,
            decision: decision, candidates: candidates, fleet: fleet)
        counters.decided(model: row.model, reason: decision.reason, dollars: row.cost, took: clock.now - start)
        return Decided(row: row, decision: decision, text: text)
    }

    /// What a model's name in a request asks for.
    enum RolloutRequest: Equatable {
        case rule(RouteRule)
        case model(Int)
    }

    /// `statezero` and no name at all are the fleet's rule, `statezero-p0.80` a target, `statezero-b0.70` a β; a model of
    /// the fleet is itself. `nil` for anything else.
    func wish(_ name: String?) -> RolloutRequest? {
        guard let name, name != Self.ownName, name != "auto" else { return .rule(fleet.rule) }
        if let index = fleet.index(of: name) { return .model(index) }
        for (prefix, rule) in [("\(Self.ownName)-p", "target"), ("\(Self.ownName)-b", "weighted")]
        where name.hasPrefix(prefix) {
            let number = Double(name.dropFirst(prefix.count)) ?? -1
            if let rule = RouteRule(name: rule, parameter: number) { return .rule(rule) }
        }
        return nil
    }

    /// What clients call the router.
    static let ownName = "statezero"

    /// Decides and forwards. Throws `HTTPFailure` where there is nothing to pass on.
    func complete(_ request: ChatRequest, ticket: ScopeGuard) async throws -> Response {
        guard let wish = wish(request.model) else { throw unknownModel(request.model ?? "") }
        var decided: Decided
        var order: [Int]
        switch wish {
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
        return try await forward(request, decided, order: order, ticket: ticket)
    }

    private func forward(
        _ request: ChatRequest, _ decided: Decided, order: [Int], ticket: ScopeGuard
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
                counters.answered(model: model.name, result: response.status.code < 400 ? "ok" : "client_error")
                row.sentTo = model.name
                log.append(row)
                if let text = decided.text {
                    recent.keep(row.decisionID, RecentDecisions.Entry(model: model.name, text: text))
                }
                return pass(response, headers: headers(row, sentTo: index), tickets: [ticket, use])
            case .failed(let reason, let detail, let retryAfter):
                endpoints.withLock { $0.failed(index, now: clock.now, retryAfter: retryAfter) }
                counters.answered(model: model.name, result: reason)
                counters.fellBack(reason)
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
                "every model that could take this is cooling down or at its limit",
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

    /// The endpoint's answer, piece by piece as it comes; the tickets live as long as it flows.
    private func pass(_ response: HTTPClientResponse, headers: HTTPFields, tickets: [ScopeGuard]) -> Response {
        var headers = headers
        for name in ["content-type", "cache-control", "x-request-id", "retry-after", "content-encoding"] {
            if let value = response.headers.first(name: name), let field = HTTPField.Name(name) {
                headers[field] = value
            }
        }
        let length = response.headers.first(name: "content-length").flatMap(Int.init)
        let body = ResponseBody(contentLength: length) { writer in
            try await withExtendedLifetimeAsync(tickets) {
                for try await buffer in response.body { try await writer.write(buffer) }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: Int(response.status.code)), headers: headers, body: body)
    }

    private func named(_ index: Int, _ request: ChatRequest) -> Decided {
        let tokens = request.text.map { TokenEstimate.tokens(of: $0) } ?? 0
        let decision = RouteDecision(model: index, reason: .named, ranking: [index])
        var row = DecisionRow(
            id: Self.newID(), promptDigest: request.text.map { Digest(of: $0).hex }, inputTokens: tokens,
            rule: fleet.rule, decision: decision, candidates: [], fleet: fleet)
        row.cost = fleet.expectedCost(of: index, inputTokens: tokens, outputTokensMax: request.outputTokensMax)
        counters.decided(model: row.model, reason: .named, dollars: row.cost, took: .zero)
        return Decided(row: row, decision: decision, text: request.text)
    }

    /// The decision's headers. `x-statezero-model` is who answers; in observe mode `x-statezero-decided` is who would have.
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
            "the prompt has about \(decided.row.inputTokens) tokens; with its answer no model takes more than "
                + "\(chooser.longest ?? 0)")
        failure.headers = headers(decided.row, sentTo: nil)
        return failure
    }

    private static func newID() -> String {
        let number = UInt64.random(in: 0...UInt64.max)
        let digits = String(number, radix: 16)
        return "d-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Runs something once, when the last holder lets go: a request's place is given back however its answer ends.
final class ScopeGuard: Sendable {
    private let onEnd: @Sendable () -> Void
    init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
}

/// Keeps tickets until the answer has flowed.
private func withExtendedLifetimeAsync(
    _ tickets: [ScopeGuard], _ body: () async throws -> Void
) async throws {
    try await body()
    withExtendedLifetime(tickets) {}
}
