import Cluster

/// How fast the cluster works: rates of the last seconds, and of the last minutes in steps. Fed every second; memory is
/// constant.
struct RateHistory: Sendable {
    /// What is counted, since the coordinator's start.
    fileprivate struct Sample {
        let time: Double
        let rows: Int
        let rollouts: Int
        let messages: Int

        init(_ report: CoordinatorReport, time: Double) {
            self.time = time
            rows = report.rowsAnswered
            rollouts = report.rolloutsRecorded
            messages = report.messagesReceived
        }
    }

    /// Events per second.
    struct Rates: Sendable {
        var rows = 0.0
        var rollouts = 0.0
        var messages = 0.0

        fileprivate init() {}

        fileprivate init(_ from: Sample, _ to: Sample) {
            let seconds = to.time - from.time
            guard seconds > 0 else { return }
            rows = Double(max(0, to.rows - from.rows)) / seconds
            rollouts = Double(max(0, to.rollouts - from.rollouts)) / seconds
            messages = Double(max(0, to.messages - from.messages)) / seconds
        }
    }

    /// Rates of the steps, oldest first, at most `stepsMax`.
    private(set) var steps: [Rates] = []
    private var recent: [Sample] = []
    private var stepStart: Sample?

    /// Seconds of a step: the picture shows fifteen minutes.
    static let stepSeconds = 5.0
    static let stepsMax = 180
    /// Samples that the present rates are computed of.
    private static let recentMax = 6

    /// Adds a report that was read at a time, in seconds on any clock that does not jump.
    mutating func add(_ report: CoordinatorReport, time: Double) {
        let sample = Sample(report, time: time)
        recent.append(sample)
        if recent.count > Self.recentMax { recent.removeFirst() }
        guard let start = stepStart else { return stepStart = sample }
        guard time - start.time >= Self.stepSeconds else { return }
        steps.append(Rates(start, sample))
        if steps.count > Self.stepsMax { steps.removeFirst() }
        stepStart = sample
    }

    /// Rates of the last seconds.
    var now: Rates {
        guard let first = recent.first, let last = recent.last else { return Rates() }
        return Rates(first, last)
    }
}
