import CoreMetrics
import Synchronization

/// The values of one metric under one set of labels: what a counter, gauge, meter or timer of swift-metrics writes to.
final class MetricSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    struct State {
        /// A counter's sum, a gauge's level, or the sum of a histogram's durations in seconds.
        var value = 0.0
        /// Of a histogram: durations in each bucket alone, the last one above all bounds.
        var buckets: [Int]
    }

    let labels: [(String, String)]
    private let bounds: [Double]
    private let state: Mutex<State>

    init(labels: [(String, String)], bounds: [Double]) {
        self.labels = labels
        self.bounds = bounds
        state = Mutex(State(buckets: [Int](repeating: 0, count: bounds.isEmpty ? 0 : bounds.count + 1)))
    }

    var current: State { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) { state.withLock { $0.value += amount } }

    func decrement(by amount: Double) { state.withLock { $0.value -= amount } }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { state.withLock { $0.value = value } }

    func record(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func recordNanoseconds(_ duration: Int64) {
        let seconds = Double(duration) / 1e9
        let bucket = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        state.withLock { state in
            state.value += seconds
            if bucket < state.buckets.count { state.buckets[bucket] += 1 }
        }
    }

    func reset() { set(0.0) }
}
