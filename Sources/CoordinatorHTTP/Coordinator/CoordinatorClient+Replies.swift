import Cluster
import HTTPServing
import ServiceLifecycle
import Wire

// Replies of the coordinator within a time.

extension CoordinatorClient {
    /// Sends a message and returns the replies, for so long and no longer. A stream that ends without `late` or
    /// `stopping` ended with the coordinator.
    ///
    /// - Parameter untilStop: Whether a stopping server ends the stream early; else it continues until its deadline.
    func replies(
        to message: Message, in scope: Scope, for duration: Duration, untilStop: Bool = false
    ) -> AsyncStream<ReplyEvent> {
        AsyncStream { continuation in
            let answers = ask(message, scope)
            let reader = Task(executorPreference: RequestThreads.shared) {
                for await answer in answers { continuation.yield(.message(answer)) }
                continuation.finish()
            }
            let clock = Task(executorPreference: RequestThreads.shared) {
                try await Task.sleep(for: duration)
                continuation.yield(.late)
                continuation.finish()
            }
            let stop = Task(executorPreference: RequestThreads.shared) {
                guard untilStop else { return }
                try await gracefulShutdown()
                continuation.yield(.stopping)
                continuation.finish()
            }
            continuation.onTermination = { _ in
                reader.cancel()
                clock.cancel()
                stop.cancel()
            }
        }
    }

    /// The coordinator's report. Throws `coordinatorSilent` when it did not arrive within `time`.
    func report(of scope: Scope, within time: Duration) async throws(HTTPFailure) -> CoordinatorReport {
        let report = report
        return try await answer(within: time) { await report(scope) }
    }

    /// The coordinator's answer to an operator. Throws `coordinatorSilent` when it did not arrive within `time`.
    func answer(
        to request: OperatorRequest, in scope: Scope, within time: Duration
    ) async throws(HTTPFailure) -> OperatorAnswer {
        let operate = operate
        return try await answer(within: time) { await operate(request, scope) }
    }

    private func answer<Value: Sendable>(
        within time: Duration, _ ask: @escaping @Sendable () async -> Value?
    ) async throws(HTTPFailure) -> Value {
        // A stream and not a task group, which would wait for an answer that never comes.
        let answers = AsyncStream<Value?> { continuation in
            let request = Task(executorPreference: RequestThreads.shared) {
                continuation.yield(await ask())
                continuation.finish()
            }
            let clock = Task(executorPreference: RequestThreads.shared) {
                try await Task.sleep(for: time)
                continuation.finish()
            }
            continuation.onTermination = { _ in
                request.cancel()
                clock.cancel()
            }
        }
        var iterator = answers.makeAsyncIterator()
        guard let found = await iterator.next() ?? nil else { throw .coordinatorSilent }
        return found
    }
}
