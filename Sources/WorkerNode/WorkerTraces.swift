import Traces
import Wire

/// Spans of a worker, from the messages that it receives and sends: `compute` of a piece, with `waiting`, `embed` and
/// `predict` within it.
struct WorkerTraces {
    private let tracer: Tracer
    private let worker: String
    private var pieces = OpenSpans<PieceName>(max: 1024)

    init(_ tracer: Tracer, worker: String) {
        self.tracer = tracer
        self.worker = worker
    }

    /// A message has arrived.
    mutating func received(_ envelope: Envelope) {
        // Without the coordinator's span there is no trace to be part of.
        guard case .shard(let piece, _, let content) = envelope.message, let parent = envelope.trace else { return }
        let span = tracer.start("compute", .server, parent: parent)
        span.set("statezero.worker", worker)
        span.set("statezero.shard", Int(piece.shard))
        span.set("statezero.rows", content.count)
        span.set("statezero.attempt", Int(piece.attempt))
        pieces.open(piece, span)
    }

    /// A message is about to be sent.
    mutating func sending(_ envelope: inout Envelope) {
        switch envelope.message {
        case .shardResult(let result):
            guard let span = pieces.close(result.piece) else { return }
            record(result.times, of: span)
            if !result.faults.isEmpty { span.set("statezero.row_errors", result.faults.count) }
            span.end()
            envelope.trace = span.context
        case .shardReturned(let piece, let reason):
            let span = pieces.close(piece)
            span?.end(failure: "returned: \(reason)")
            envelope.trace = span?.context
        default: break
        }
    }

    /// The stages ended now, one after the other: only their durations are known.
    private func record(_ times: StageTimes, of span: Span) {
        guard let start = span.start, times.embedded + times.predicted > .zero else { return }
        let end = Span.now
        let predicted = max(start, end - min(end, times.predicted.nanoseconds))
        let embedded = max(start, predicted - min(predicted, times.embedded.nanoseconds))
        if embedded > start { span.record("waiting", start: start, end: embedded) }
        span.record("embed", start: embedded, end: predicted)
        span.record("predict", start: predicted, end: end)
    }
}

extension Duration {
    fileprivate var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, min(seconds, 1 << 30))) * 1_000_000_000 + UInt64(max(0, attoseconds / 1_000_000_000))
    }
}
