package import Threads

/// Sends the texts of a call in several requests at a time, and brings their vectors into order. Carries out what
/// `RequestSchedule` decides.
package struct EmbeddingClient: Sendable {
    /// What happens during a call, for leases and messages.
    package struct Events: Sendable {
        /// A request was answered.
        package var answered: @Sendable () -> Void = {}
        /// A request failed and is sent again; the reason.
        package var failed: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    package let endpoint: RemoteEndpoint
    private let exchange: HTTPExchange
    private let settings: RemoteSettings
    private let stop: StopFlag

    package init(endpoint: RemoteEndpoint, exchange: HTTPExchange, settings: RemoteSettings, stop: StopFlag) {
        self.endpoint = endpoint
        self.exchange = exchange
        self.settings = settings
        self.stop = stop
    }

    /// (P texts) to P vectors or reasons, in order, and the most texts that the server accepts in a request.
    package func embed(
        _ texts: [String], request: EmbeddingRequest, rowsMax: Int, events: Events
    ) async -> Result<(rows: [EmbeddingAnswer.Row], rowsMax: Int), RemoteError> {
        let batches = RequestBatches.plan(texts, rowsMax: rowsMax, tokensMax: settings.batchTokens)
        var limits = settings
        limits.batchRows = rowsMax
        var schedule = RequestSchedule(
            batches, settings: limits, url: endpoint.embeddings,
            backoff: Backoff(random: SystemRandomNumberGenerator()),
            isStopping: { [stop] in stop.isRaised })
        let clock = ContinuousClock()
        let start = clock.now
        var rows = [EmbeddingAnswer.Row?](repeating: nil, count: texts.count)
        var failure: RemoteError?
        await withTaskGroup(of: (RequestSchedule.Batch, EmbeddingReply).self) { group in
            var actions = schedule.handle(.started, at: clock.now - start)
            while true {
                for action in actions {
                    switch action {
                    case .send(let batch, let pause):
                        let part = Array(texts[batch.rows])
                        group.addTask { (batch, await reply(to: part, request, after: pause)) }
                    case .reject(let row, let reason): rows[row] = .unusable(reason)
                    case .end(let error):
                        failure = error
                        group.cancelAll()
                    }
                }
                guard failure == nil, let (batch, reply) = await group.next() else { return }
                let event = event(batch, reply)
                switch reply {
                case .rows(let made): for (row, vector) in zip(batch.rows, made) { rows[row] = vector }
                case .failed(let failure): events.failed(failure.reason)
                case .inputRefused, .ended: break
                }
                if case .rows = reply { events.answered() }
                actions = schedule.handle(event, at: clock.now - start)
            }
        }
        if let failure { return .failure(failure) }
        return .success((rows.map { $0 ?? .unusable("no answer") }, schedule.rowsMax))
    }

    /// Names of the models that the server lists; empty where it has no such list. Waits for a server that does not answer.
    package func models(events: Events) async -> Result<[String], RemoteError> {
        var backoff = Backoff(random: SystemRandomNumberGenerator())
        let clock = ContinuousClock()
        let start = clock.now
        for attempt in 1... {
            let failure: RequestFailure
            switch await exchange.perform(endpoint.models) {
            case .failure(let failed): failure = failed.failure
            case .success(let answer):
                switch answer.status {
                case 200: return .success(ModelListing.read(answer.body))
                case 401, 403:
                    let message = ServerMessage.read(answer.body, hiding: endpoint.withoutKey)
                    return .failure(.refused(url: endpoint.models, status: answer.status, message: message, models: []))
                case 429, 500...599:
                    failure = RequestFailure(.busy, "status \(answer.status)", retryAfter: answer.retryAfter)
                default: return .success([])
                }
            }
            events.failed(failure.reason)
            guard !stop.isRaised else { return .failure(.stopped(url: endpoint.models, reason: failure.reason)) }
            // A server that asks for more than the outage's time is asked once more at its end.
            let spent = clock.now - start
            guard spent < settings.outageTime else {
                return .failure(.unavailable(url: endpoint.models, reason: failure.reason, time: spent))
            }
            let pause = backoff.pause(after: attempt, retryAfter: failure.retryAfter)
            await exchange.pause(min(pause, settings.outageTime - spent))
        }
        preconditionFailure("EmbeddingClient: a loop without end has ended")
    }

    private func reply(
        to texts: [String], _ request: EmbeddingRequest, after pause: Duration
    ) async -> EmbeddingReply {
        if pause > .zero { await exchange.pause(pause) }
        switch await exchange.perform(endpoint.embeddings, body: request.body(texts)) {
        case .failure(let failed): return .failed(failed.failure)
        case .success(let answer):
            return EmbeddingReply(
                status: answer.status, body: answer.body, count: texts.count, retryAfter: answer.retryAfter,
                location: answer.location, endpoint: endpoint)
        }
    }

    private func event(_ batch: RequestSchedule.Batch, _ reply: EmbeddingReply) -> RequestSchedule.Event {
        switch reply {
        case .rows: .answered(batch)
        case .inputRefused(let reason, let isBatchTooLarge):
            .inputRefused(batch, reason: reason, isBatchTooLarge: isBatchTooLarge)
        case .failed(let failure): .failed(batch, failure)
        case .ended(let error): .ended(batch, error)
        }
    }
}
