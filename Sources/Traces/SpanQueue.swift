import Synchronization

/// Ended spans on their way to an exporter, from any threads: bounded, and never waiting. What does not fit is counted.
package final class SpanQueue: Sendable {
    /// What became of spans.
    package struct Counts: Hashable, Sendable {
        /// A collector has accepted them.
        package var exported = 0
        /// The queue was full, or no collector accepted them.
        package var dropped = 0

        package init(exported: Int = 0, dropped: Int = 0) {
            self.exported = exported
            self.dropped = dropped
        }
    }

    private struct State {
        var spans: [SpanRecord] = []
        var counts = Counts()
        var onBatch: (@Sendable () -> Void)?
    }

    /// Most spans that wait.
    package let capacity: Int
    /// Spans of one request to a collector.
    package static let batch = 512
    private let state = Mutex(State())

    /// An empty queue.
    package init(capacity: Int = 8192) {
        self.capacity = max(1, capacity)
    }

    /// `onBatch` is called when a batch waits; it must not wait.
    package func notify(_ onBatch: @escaping @Sendable () -> Void) { state.withLock { $0.onBatch = onBatch } }

    /// Adds a span, or counts it as dropped.
    package func add(_ span: SpanRecord) {
        let notify = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.spans.count < capacity else {
                state.counts.dropped += 1
                return nil
            }
            state.spans.append(span)
            return state.spans.count == Self.batch ? state.onBatch : nil
        }
        notify?()
    }

    /// Removes and returns the oldest spans, at most a batch.
    package func take() -> [SpanRecord] {
        state.withLock { state in
            let taken = Array(state.spans.prefix(Self.batch))
            state.spans.removeFirst(taken.count)
            return taken
        }
    }

    /// Counts spans that have left the queue.
    package func left(exported: Int = 0, dropped: Int = 0) {
        state.withLock { state in
            state.counts.exported += exported
            state.counts.dropped += dropped
        }
    }

    /// What became of spans so far.
    package var counts: Counts { state.withLock { $0.counts } }
}
