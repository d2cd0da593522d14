import CoreMetrics
import MetricsExport
import Testing

@Suite("Prometheus' text from the metrics of swift-metrics")
struct PrometheusExporterTests {
    @Test("counters, meters and timers appear under their families, in the order in which these were declared")
    func kinds() {
        let exporter = PrometheusExporter([
            MetricFamily(.gauge, "b_level", "B."),
            MetricFamily(.counter, "a_total", "A."),
            MetricFamily(histogram: "c_seconds", "C.", bounds: [0.1, 1]),
        ])
        let level = Meter(label: "b_level", factory: exporter)
        level.increment()
        level.increment(by: 2.5)
        level.decrement(by: 1.0)
        for code in ["b", "a", "b"] {
            Counter(label: "a_total", dimensions: [("code", code)], factory: exporter).increment()
        }
        let timer = Timer(label: "c_seconds", factory: exporter)
        for milliseconds in [100, 500, 500, 2000, 2000, 2000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            exporter.text() == """
                # HELP b_level B.
                # TYPE b_level gauge
                b_level 2.5
                # HELP a_total A.
                # TYPE a_total counter
                a_total{code="a"} 1
                a_total{code="b"} 2
                # HELP c_seconds C.
                # TYPE c_seconds histogram
                c_seconds_bucket{le="0.1"} 1
                c_seconds_bucket{le="1"} 3
                c_seconds_bucket{le="+Inf"} 6
                c_seconds_sum 7.1
                c_seconds_count 6

                """)
    }

    @Test("labels are escaped, and numbers are written in the family's style")
    func styles() {
        let exporter = PrometheusExporter([
            MetricFamily(.counter, "a_total", "A."),
            MetricFamily(.gauge, "b_seconds", "B.", numbers: .decimal),
            MetricFamily(histogram: "c_seconds", "C.", bounds: [1], numbers: .decimal),
        ])
        Counter(label: "a_total", dimensions: [("m", "x\"y\\z\n")], factory: exporter).increment(by: 2)
        Gauge(label: "b_seconds", factory: exporter).record(2)
        _ = Timer(label: "c_seconds", factory: exporter)
        #expect(
            exporter.text() == """
                # HELP a_total A.
                # TYPE a_total counter
                a_total{m="x\\"y\\\\z\\n"} 2
                # HELP b_seconds B.
                # TYPE b_seconds gauge
                b_seconds 2.0
                # HELP c_seconds C.
                # TYPE c_seconds histogram
                c_seconds_bucket{le="1.0"} 0
                c_seconds_bucket{le="+Inf"} 0
                c_seconds_sum 0.0
                c_seconds_count 0

                """)
    }

    @Test("samples that are collected keep their order and do not stay; a metric without a family is not exported")
    func collected() {
        let exporter = PrometheusExporter([MetricFamily(.gauge, "a", "A.")])
        Counter(label: "unknown", factory: exporter).increment()
        let first = exporter.text { $0.add("a", by: "state", ["pending": 2, "leased": 1]) }
        #expect(first == "# HELP a A.\n# TYPE a gauge\na{state=\"pending\"} 2\na{state=\"leased\"} 1\n")
        #expect(exporter.text() == "# HELP a A.\n# TYPE a gauge\n")
    }
}
