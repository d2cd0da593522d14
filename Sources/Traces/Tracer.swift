/// Starts spans: draws ids, asks the sampler, and puts what has ended into a queue for an exporter.
///
/// Where nothing is traced there is no tracer (`nil`), and so no cost.
package final class Tracer: Sendable {
    /// Where ended spans wait to be exported.
    package let queue: SpanQueue
    private let sampler: Sampler

    /// A tracer over a queue.
    package init(_ sampler: Sampler = .everything, queue: SpanQueue = SpanQueue()) {
        self.sampler = sampler
        self.queue = queue
    }

    /// Starts a span; without a parent, a trace.
    package func start(_ name: String, _ kind: SpanRecord.Kind, parent: TraceContext?) -> Span {
        let now = Span.now
        return Span(record(name, kind, parent: parent, start: now, end: now), self)
    }

    /// Records a span that has ended already. Times in nanoseconds since 1970.
    package func record(_ name: String, parent: TraceContext, start: UInt64, end: UInt64) {
        let ended = record(name, .internal, parent: parent, start: start, end: max(start, end))
        if ended.context.isSampled { queue.add(ended) }
    }

    private func record(
        _ name: String, _ kind: SpanRecord.Kind, parent: TraceContext?, start: UInt64, end: UInt64
    ) -> SpanRecord {
        let trace = parent?.trace ?? .random()
        let context = TraceContext(
            trace: trace, span: .random(), isSampled: sampler.isSampled(trace, parent: parent), state: parent?.state)
        return SpanRecord(context, parent: parent?.span, name: name, kind: kind, start: start, end: end)
    }
}
