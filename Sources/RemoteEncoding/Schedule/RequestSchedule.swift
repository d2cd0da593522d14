/// Decides which texts are sent in which request, what is sent again and when, and what is given up.
///
/// A machine without clock, network or random source of its own: the driver reports what happened and carries out the
/// actions. A refused request is divided until the text at fault is alone. A request that fails is sent again after a
/// pause, in the same slot, so that a server in trouble gets fewer requests, not more.
package struct RequestSchedule {
    /// Texts of one request, and its tries so far.
    package struct Batch: Sendable, Equatable {
        /// Places of the texts.
        package let rows: Range<Int>
        /// Tries that failed.
        package var attempts = 0
        /// When the first try failed.
        package var failedAt: Duration?

        init(_ rows: Range<Int>) { self.rows = rows }

        /// Both halves; they remember the tries.
        var halves: [Batch] {
            let middle = rows.lowerBound + rows.count / 2
            return [rows.lowerBound..<middle, middle..<rows.upperBound].map { part in
                var half = Batch(part)
                (half.attempts, half.failedAt) = (attempts, failedAt)
                return half
            }
        }
    }

    /// What happened.
    package enum Event: Sendable {
        /// The call begins; comes once, first.
        case started
        case answered(Batch)
        case inputRefused(Batch, reason: String, isBatchTooLarge: Bool)
        case failed(Batch, RequestFailure)
        case ended(Batch, RemoteError)
    }

    /// What the driver must do.
    package enum Action: Sendable, Equatable {
        case send(Batch, after: Duration)
        /// No vector for this text.
        case reject(row: Int, reason: String)
        /// The call fails; nothing more is sent.
        case end(RemoteError)
    }

    // A server that fails so often at one request while it answers others fails because of the request's texts.
    private static let attemptsMax = 4

    private let url: String
    private let requestsMax: Int
    private let outageTime: Duration
    private let isStopping: @Sendable () -> Bool
    private var backoff: Backoff
    private var waiting: [Batch]
    private var underWay = 0
    private var lastAnswer: Duration = .zero
    private var hasEnded = false
    /// Most texts of a request; falls when the server refuses a request for its number of texts.
    package private(set) var rowsMax: Int

    /// A call of batches in order. `isStopping` ends it at the next failure.
    package init(
        _ batches: [Range<Int>], settings: RemoteSettings, url: String, backoff: Backoff,
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) {
        waiting = batches.reversed().map { Batch($0) }
        rowsMax = max(1, settings.batchRows)
        requestsMax = max(1, settings.requestsMax)
        outageTime = settings.outageTime
        self.url = url
        self.backoff = backoff
        self.isStopping = isStopping
    }

    /// Decides. Cost: constant, beside the actions.
    package mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        guard !hasEnded else { return [] }
        var actions: [Action] = []
        switch event {
        case .started: lastAnswer = now
        case .answered:
            underWay -= 1
            lastAnswer = now
        case .inputRefused(let batch, let reason, let isBatchTooLarge):
            underWay -= 1
            lastAnswer = now
            refuse(batch, reason, isBatchTooLarge, &actions)
        case .failed(let batch, let failure):
            underWay -= 1
            fail(batch, failure, at: now, &actions)
        case .ended(_, let error):
            underWay -= 1
            end(error, &actions)
        }
        sendNext(&actions)
        return actions
    }

    private mutating func refuse(
        _ batch: Batch, _ reason: String, _ isBatchTooLarge: Bool, _ actions: inout [Action]
    ) {
        guard batch.rows.count > 1 else { return actions.append(.reject(row: batch.rows.lowerBound, reason: reason)) }
        if isBatchTooLarge { rowsMax = max(1, min(rowsMax, batch.rows.count / 2)) }
        waiting += batch.halves.reversed()
    }

    private mutating func fail(
        _ batch: Batch, _ failure: RequestFailure, at now: Duration, _ actions: inout [Action]
    ) {
        guard !isStopping() else { return end(.stopped(url: url, reason: failure.reason), &actions) }
        var batch = batch
        batch.attempts += 1
        let failedAt = batch.failedAt ?? now
        batch.failedAt = failedAt
        if failure.kind == .serverError, batch.attempts >= Self.attemptsMax, lastAnswer > failedAt {
            return refuse(batch, "\(failure.reason), \(batch.attempts) times", false, &actions)
        }
        // A server that asks for more than the outage's time is asked once more at its end.
        let rest = outageTime - (now - lastAnswer)
        guard rest > .zero else {
            return end(.unavailable(url: url, reason: failure.reason, time: now - lastAnswer), &actions)
        }
        let pause = min(rest, backoff.pause(after: batch.attempts, retryAfter: failure.retryAfter))
        // Half as many texts take half as long.
        let parts = failure.kind == .timeout && batch.rows.count > 1 ? batch.halves : [batch]
        underWay += 1
        actions.append(.send(parts[0], after: pause))
        waiting += parts.dropFirst()
    }

    private mutating func end(_ error: RemoteError, _ actions: inout [Action]) {
        hasEnded = true
        actions.append(.end(error))
    }

    private mutating func sendNext(_ actions: inout [Action]) {
        guard !hasEnded else { return }
        while underWay < requestsMax, let batch = waiting.popLast() {
            if batch.rows.count > rowsMax {
                waiting += batch.halves.reversed()
                continue
            }
            underWay += 1
            actions.append(.send(batch, after: .zero))
        }
    }
}
