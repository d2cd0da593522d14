package import MetricsExport
package import Traces

/// What became of a server's spans, as metrics. Servers without traces do not export them.
package struct SpanMetrics: Sendable {
    private let queue: SpanQueue?

    /// Reads from the queue of a tracer; of none, nothing.
    package init(_ tracer: Tracer?) {
        queue = tracer?.queue
    }

    /// To be declared, behind all others.
    package var families: [MetricFamily] {
        queue == nil
            ? [] : [MetricFamily(.counter, Self.name, "Spans that a collector accepted, and spans that were dropped.")]
    }

    /// Adds the present counts.
    package func add(to samples: inout CollectedSamples) {
        guard let counts = queue?.counts else { return }
        samples.add(Self.name, by: "result", ["exported": counts.exported, "dropped": counts.dropped])
    }

    private static let name = "statezero_trace_spans_total"
}
