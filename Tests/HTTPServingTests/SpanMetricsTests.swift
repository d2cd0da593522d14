import Foundation
import HTTPServing
import MetricsExport
import TestSupport
import Testing
import Traces

@Suite("The metrics of traces")
struct SpanMetricsTests {
    @Test("names, labels and help lines are those of the snapshot")
    func snapshot() throws {
        let tracer = Tracer(queue: SpanQueue(capacity: 1))
        for _ in 0..<2 { tracer.start("s", .internal, parent: nil).end() }
        tracer.queue.left(exported: 3)
        let metrics = SpanMetrics(tracer)
        let exporter = PrometheusExporter(metrics.families)
        let path = Repository.root.appending(path: "Tests/HTTPServingTests/Snapshots/metrics.txt")
        #expect(exporter.text { metrics.add(to: &$0) } == (try String(contentsOf: path, encoding: .utf8)))
    }

    @Test("a server without traces has none")
    func off() {
        let metrics = SpanMetrics(nil)
        #expect(metrics.families.isEmpty)
        #expect(PrometheusExporter([]).text { metrics.add(to: &$0) } == PrometheusExporter([]).text { _ in })
    }
}
