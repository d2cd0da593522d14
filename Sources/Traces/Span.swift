import Glibc
import Synchronization

/// A piece of work in progress: it has a name, a start, a parent, and attributes, and is recorded when it ends.
///
/// Any thread may use it. It is recorded once, by the first `end`. Cost of one that is not sampled: two random numbers.
package final class Span: Sendable {
    /// The span of the request that this task serves; `nil` where nothing is traced.
    @TaskLocal package static var current: Span?

    /// What other processes get as the parent of their spans.
    package let context: TraceContext
    private let tracer: Tracer
    /// `nil` where it has ended, or is not sampled.
    private let state: Mutex<SpanRecord?>

    init(_ record: SpanRecord, _ tracer: Tracer) {
        context = record.context
        self.tracer = tracer
        state = Mutex(record.context.isSampled ? record : nil)
    }

    /// Nanoseconds since 1970.
    package static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }

    /// Starts a span that is part of this one.
    package func child(_ name: String, _ kind: SpanRecord.Kind = .internal) -> Span {
        tracer.start(name, kind, parent: context)
    }

    /// Records a part of this span that has ended already. Times in nanoseconds since 1970.
    package func record(_ name: String, start: UInt64, end: UInt64) {
        tracer.record(name, parent: context, start: start, end: end)
    }

    /// When it started; `nil` where it has ended, or is not sampled.
    package var start: UInt64? { state.withLock { $0?.start } }

    /// Replaces the name.
    package func rename(_ name: String) { state.withLock { $0?.name = name } }

    /// Sets an attribute. Nothing where it has ended.
    package func set(_ name: String, _ value: SpanValue) { state.withLock { $0?.set(name, value) } }

    /// Sets an attribute to a text.
    package func set(_ name: String, _ value: String) { set(name, .text(value)) }

    /// Sets an attribute to a number.
    package func set(_ name: String, _ value: Int) { set(name, .integer(value)) }

    /// Ends it. `failure` says what went wrong.
    package func end(failure: String? = nil) {
        let ended = state.withLock { record -> SpanRecord? in
            defer { record = nil }
            return record
        }
        guard var ended else { return }
        ended.end = max(ended.start, Self.now)
        ended.failure = failure
        tracer.queue.add(ended)
    }
}
