import Cluster

/// How fast each job gets its rows, so that the page can say how long it will take. Fed whenever an overview is read.
struct JobRates: Sendable {
    private struct Sample {
        let time: Double
        let rows: Int
    }

    private var samples: [String: [Sample]] = [:]

    /// A rate is of so many seconds: shorter ones jump, because answers arrive shard by shard.
    private static let windowSeconds = 60.0
    private static let samplesMax = 32

    /// Adds the state of all jobs that are shown, and forgets the others.
    mutating func add(_ jobs: [ClusterDetails.Job], time: Double) {
        let former = samples
        samples = [:]
        for job in jobs {
            var known = former[job.id] ?? []
            if known.last.map({ time - $0.time >= Self.windowSeconds / Double(Self.samplesMax) }) ?? true {
                known.append(Sample(time: time, rows: job.rowsAnswered ?? 0))
            }
            let first = known.firstIndex { time - $0.time <= Self.windowSeconds } ?? max(0, known.count - 1)
            samples[job.id] = Array(known[first...])
        }
    }

    /// Rows per second of a job; `nil` where too little is known.
    func rate(of job: ClusterDetails.Job, time: Double) -> Double? {
        guard let first = samples[job.id]?.first, time - first.time >= 3 else { return nil }
        return Double(max(0, (job.rowsAnswered ?? 0) - first.rows)) / (time - first.time)
    }
}
