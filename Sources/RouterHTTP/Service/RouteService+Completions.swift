// `POST /v1/chat/completions`: decides, then asks the models in order until one answers.

import Corpora
import HTTPServing
import Hummingbird
import Logging
import Routing
import Scoring
import Synchronization
import Traces

extension RouteService {
    /// Decides and forwards. Throws `HTTPFailure` where no endpoint answered, and `clientLeft`.
    func complete(_ request: ChatRequest, _ caller: Caller) async throws -> Response {
        guard let requested = requested(request.model) else { throw unknownModel(request.model ?? "") }
        let decided: Decided
        let order: [Int]
        switch requested {
        case .model(let index):
            decided = named(index, request, caller)
            order = [index]
        case .rule(let rule):
            decided = try await decide(request, rule: rule, caller: caller, isNeeded: false)
            if let failure = impossible(decided) {
                log.append(stamped(decided.row))
                throw failure
            }
            order = self.order(decided)
        }
        return try await forward(request, decided, order: order, caller: caller)
    }

    /// The models to try: those of the decision, then the fallbacks and the default. A model that cannot answer the request,
    /// because it is too long or has images, is not a fallback either.
    private func order(_ decided: Decided) -> [Int] {
        let fallbacks = fleet.fallbacks + [fleet.defaultIndex]
        let wanted = options.isObserving ? [fleet.defaultIndex] + fleet.fallbacks : decided.decision.ranking + fallbacks
        var seen: Set<Int> = []
        return wanted.filter { index in
            let exclusion = decided.exclusions[index]
            return exclusion != .promptTooLong && exclusion != .unsupported && seen.insert(index).inserted
        }
    }

    private func forward(
        _ request: ChatRequest, _ decided: Decided, order: [Int], caller: Caller
    ) async throws -> Response {
        var row = stamped(decided.row)
        var attempts: [DecisionRow.Attempt] = []
        var failures: [Int: UpstreamFailure] = [:]
        var skipped: [Int: RouteCandidate.Exclusion] = [:]
        let deadline = clock.now + fleet.deadline
        for index in order {
            guard failures.count < options.attemptsMax, clock.now < deadline else { break }
            let model = fleet.models[index]
            guard let endpoint = model.endpoint else { continue }
            let start = clock.now
            let use: UpstreamUse
            switch begin(index, request, decided, caller, attempt: attempts.count + 1) {
            case .success(let begun):
                use = begun
                // After the last attempt nothing follows, so an attempt is counted when the next one begins.
                if let failed = attempts.last { metrics.fellBack(failed.result) }
            case .failure(let reason):
                skipped[index] = reason.exclusion
                continue
            }
            let result = await forwarder.send(request, to: endpoint, for: caller, use: use, deadline: deadline)
            let ms = Int((clock.now - start) / .milliseconds(1))
            switch result {
            case .begun(let relay):
                attempts.append(.init(model: model.name, result: "begun", ms: ms))
                row.attempts = attempts
                row.sentTo = model.name
                log.append(row)
                remember(decided, row, index, caller)
                return relay.response(headers(row, sentTo: index))
            case .failed(let failure):
                use.ended(failure, nil)
                failures[index] = failure
                attempts.append(
                    .init(model: model.name, result: failure.reason.rawValue, detail: failure.detail, ms: ms))
                logger.warning(
                    "endpoint failed",
                    metadata: [
                        "model": "\(model.name)", "reason": "\(failure.reason.rawValue)", "detail": "\(failure.detail)",
                    ])
            case .clientLeft:
                attempts.append(.init(model: model.name, result: "client_left", ms: ms))
                row.attempts = attempts
                log.append(row)
                throw RouterHTTPError.clientLeft
            }
        }
        row.attempts = attempts
        log.append(row)
        throw noAnswer(decided, row, order: order, failures: failures, skipped: skipped)
    }

    private struct Refusal: Error {
        let exclusion: RouteCandidate.Exclusion
    }

    /// Uses an endpoint, if its limits and the client's spend limit allow it now.
    private func begin(
        _ index: Int, _ request: ChatRequest, _ decided: Decided, _ caller: Caller, attempt: Int
    ) -> Result<UpstreamUse, Refusal> {
        let prompt = RouteChooser.Prompt(request, known: decided.known, dollarsLeft: nil)
        guard let hold = spending.reserve(caller.client, dollars: chooser.reservation(for: index, prompt)) else {
            return .failure(Refusal(exclusion: .spendLimit))
        }
        let refusal = endpoints.withLock { states -> Refusal? in
            let now = clock.now
            if let exclusion = states.exclusion(index, now: now) { return Refusal(exclusion: exclusion) }
            return states.begin(index, now: now) ? nil : Refusal(exclusion: .atLimit)
        }
        if let refusal {
            spending.settle(hold, dollars: 0)
            return .failure(refusal)
        }
        let number = (decided.row.promptDigest ?? decided.row.decisionID).hashValue
        let span = Span.current?.upstream(fleet.models[index], attempt: attempt)
        return .success(
            UpstreamUse(span?.context) { [weak self] end, answer in
                span?.end(end, answer)
                self?.ended(index, end, answer, prompt: prompt, number: number, hold: hold)
            } onRelease: { [weak self] in
                self?.endpoints.withLock { $0.end(index) }
            })
    }

    /// A use of an endpoint ended: counts its result, and settles its cost.
    private func ended(
        _ index: Int, _ end: UpstreamUse.End, _ answer: UpstreamAnswer?, prompt: RouteChooser.Prompt, number: Int,
        hold: SpendLedger.Hold
    ) {
        let name = fleet.models[index].name
        let now = clock.now
        switch end {
        case .answered where answer?.isClientError == true: metrics.answered(model: name, result: "client_error")
        case .answered:
            endpoints.withLock { $0.succeeded(index, now: now) }
            metrics.answered(model: name, result: "ok")
        case .failed(let failure):
            endpoints.withLock { $0.failed(index, failure, prompt: number, now: now) }
            metrics.answered(model: name, result: failure.reason.rawValue)
            activity.withLock { $0.failed(index, failure, seconds: uptime) }
        case .left: metrics.answered(model: name, result: "client_left")
        }
        var dollars = 0.0
        if let answer {
            dollars = chooser.dollars(for: index, prompt, answer)
        } else if case .left = end {
            // The endpoint has read the prompt, at least.
            dollars = chooser.dollars(for: index, AnswerUsage(inputTokens: prompt.inputTokens, outputTokens: 0))
        }
        spending.settle(hold, dollars: dollars)
        if case .answered = end { activity.withLock { $0.answered(index, dollars: dollars) } }
    }

    /// Keeps what outcomes and the session's next request need.
    func remember(_ decided: Decided, _ row: DecisionRow, _ index: Int, _ caller: Caller) {
        let candidate = row.candidates.first { $0.model == fleet.models[index].name }
        if let text = decided.text {
            recent.keep(
                row.decisionID,
                RecentDecisions.Entry(
                    model: fleet.models[index].name, text: text, p: candidate?.p,
                    kappa: candidate?.p == nil ? nil : candidate?.kappa ?? .infinity))
        }
        guard let session = caller.session else { return }
        sessions.withLock { $0.used(session, model: index, tokens: row.inputTokens, now: clock.now) }
    }
}
