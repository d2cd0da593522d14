public import CoreMetrics
import Synchronization

/// Keeps the metrics of swift-metrics and writes them in Prometheus' text format, version 0.0.4.
///
/// A program declares its families once; the export has them in this order, whether or not they have samples. What
/// happens in the program is counted with swift-metrics: `Counter`, `Meter` and `Timer` with this factory. What is read
/// from a snapshot of something else (levels and totals of a coordinator's report) is not stored here: it is added when
/// the export is written (`text(collecting:)`), so that a sample never outlives its snapshot. Metrics without a
/// declared family are accepted and not exported.
///
/// Any thread may use it. Cost: a lock and a dictionary look-up to make a handle, a lock to use it.
public final class PrometheusExporter: MetricsFactory, Sendable {
    /// The content type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let families: [MetricFamily]
    /// By family's name, then by the values of its labels.
    private let series = Mutex<[String: [[String]: MetricSeries]]>([:])

    /// An export of these families, in this order.
    public init(_ families: [MetricFamily]) {
        self.families = families
    }

    /// All families with their samples: those collected now in the order of collection, or those counted so far in the
    /// order of their labels' values.
    public func text(collecting collect: (inout CollectedSamples) -> Void = { _ in }) -> String {
        var collected = CollectedSamples()
        collect(&collected)
        let counted = series.withLock { $0 }
        var text = PrometheusText()
        for family in families {
            text.begin(family)
            for sample in collected.samples[family.name] ?? [] {
                text.sample(family.name, sample.labels, sample.value, family.numbers)
            }
            if let histogram = collected.histograms[family.name] {
                text.add(counts: histogram.counts, sum: histogram.sum, labels: [], of: family)
            }
            let rows = (counted[family.name] ?? [:]).sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for (_, series) in rows { text.add(series, of: family) }
        }
        return text.text
    }

    private func handler(_ name: String, _ labels: [(String, String)]) -> MetricSeries {
        let bounds = families.first { $0.name == name }?.bounds ?? []
        return series.withLock { series in
            let key = labels.map(\.1)
            if let known = series[name]?[key] { return known }
            let new = MetricSeries(labels: labels, bounds: bounds)
            series[name, default: [:]][key] = new
            return new
        }
    }

    // MARK: MetricsFactory

    /// The series of a counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions)
    }

    /// The series of a counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { handler(label, dimensions) }

    /// The series of a level that may rise and fall.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label, dimensions)
    }

    /// The series of a gauge.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { handler(label, dimensions) }

    /// The series of a histogram of durations.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions)
    }

    /// Does nothing: a series lives as long as the exporter, its handles are made at each use.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Does nothing: a series lives as long as the exporter, its handles are made at each use.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}

    /// Does nothing: a series lives as long as the exporter, its handles are made at each use.
    public func destroyMeter(_ handler: any MeterHandler) {}

    /// Does nothing: a series lives as long as the exporter, its handles are made at each use.
    public func destroyRecorder(_ handler: any RecorderHandler) {}

    /// Does nothing: a series lives as long as the exporter, its handles are made at each use.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
