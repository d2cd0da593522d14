import Cluster
import ServiceLifecycle
import Wire

/// What is heard of the coordinator after a question.
enum ReplyEvent: Sendable {
    case said(Message)
    /// The time is over.
    case late
    /// This server is stopping.
    case stopping
}

extension CoordinatorClient {
    /// Asks, and listens for so long and no longer. The stream's end without a last word is the coordinator's end.
    ///
    /// - Parameter untilStop: Whether a stopping server cuts the listening short; else it goes on to its deadline.
    func listen(to message: Message, for duration: Duration, untilStop: Bool = false) -> AsyncStream<ReplyEvent> {
        AsyncStream { continuation in
            let answers = ask(message)
            let listener = Task(executorPreference: RequestThreads.shared) {
                for await answer in answers { continuation.yield(.said(answer)) }
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
                listener.cancel()
                clock.cancel()
                stop.cancel()
            }
        }
    }

    /// How the coordinator is doing, asked for so long. Throws `coordinatorSilent`.
    func reportInTime(_ time: Duration) async throws(APIError) -> CoordinatorReport {
        let report = report
        // A stream and not a task group, which would wait for an answer that never comes.
        let answers = AsyncStream<CoordinatorReport?> { continuation in
            let asking = Task(executorPreference: RequestThreads.shared) {
                continuation.yield(await report())
                continuation.finish()
            }
            let clock = Task(executorPreference: RequestThreads.shared) {
                try await Task.sleep(for: time)
                continuation.finish()
            }
            continuation.onTermination = { _ in
                asking.cancel()
                clock.cancel()
            }
        }
        var iterator = answers.makeAsyncIterator()
        let found = await iterator.next() ?? nil
        guard let found else { throw .coordinatorSilent }
        return found
    }
}
