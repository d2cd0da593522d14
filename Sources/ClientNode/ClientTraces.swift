import Logging
import Traces
import Wire

/// Spans of a scoring client, within that of its run: `shard`, from its submission to its answer.
struct ClientTraces {
    private let run: Span
    private var shards = OpenSpans<UInt32>(max: 65_536)

    init(_ run: Span) {
        self.run = run
    }

    /// A message has arrived.
    mutating func received(_ message: Message) {
        guard case .shardAnswer(let answer) = message else { return }
        let span = shards.close(answer.shard)
        if !answer.faults.isEmpty { span?.set("statezero.row_errors", answer.faults.count) }
        span?.end()
    }

    /// A message is about to be sent; a shard that is sent again stays in its span.
    mutating func sending(_ envelope: inout Envelope) {
        switch envelope.message {
        case .submitJob(let job):
            run.set("statezero.job", "\(job.job)")
            envelope.trace = run.context
        case .submitShard(let submitted):
            let span = shards[submitted.shard] ?? begin(submitted)
            envelope.trace = span.context
        default: break
        }
    }

    private mutating func begin(_ submitted: SubmitShard) -> Span {
        let span = run.child("shard", .client)
        span.set("statezero.shard", Int(submitted.shard))
        span.set("statezero.rows", submitted.content.count)
        shards.open(submitted.shard, span)
        return span
    }
}

extension Logger {
    /// A logger whose lines name the trace of a run, on any thread.
    func tracing(_ run: Span?) -> Logger {
        var logger = self
        if let context = run?.context { logger[metadataKey: "trace_id"] = "\(context.trace.hex)" }
        return logger
    }
}
