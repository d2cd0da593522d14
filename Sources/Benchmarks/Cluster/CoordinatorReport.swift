import Foundation

/// The figures of one number of workers; medians of the rounds.
struct ClusterRates: Encodable {
    let workers: Int
    let predictions_per_second: Double
    let batches_per_second: Double
    let of_bare_pair_echoing: Double
    let of_bare_pair_answering: Double
    /// Processor time of the bare pair (two processes) divided by that of the coordinator (one process).
    let of_bare_pair_by_coordinator_seconds: Double
    let client_seconds_per_million_rows: Double
    let coordinator_seconds_per_million_rows: Double
    let workers_seconds_per_million_rows: Double
}

/// All figures of `statezero-bench coordinator`.
struct CoordinatorReport: Encodable {
    let rows: Int
    let batch_rows: Int
    let prompt_bytes: Int
    let rounds: Int
    let bare_pair: BarePairProcess.Rates
    let clusters: [ClusterRates]

    var text: String {
        let head = [
            String(
                format: "batches of %d prompts of %d bytes, %d rows per round, medians of %d rounds, journal on",
                batch_rows, prompt_bytes, rows, rounds),
            String(
                format: "bare ROUTER and DEALER: %.0f batches/s echoed, %.0f/s answered; %.2f s of processor time per "
                    + "million rows echoed", bare_pair.echoing_per_second, bare_pair.answering_per_second,
                bare_pair.echoing_seconds_per_million_rows),
            "workers  predictions/s  batches/s  of bare pair: rate   by time   processor s per million rows",
            "                                   echoed  answered             client  coordinator  workers",
        ]
        let lines = clusters.map { cluster in
            String(
                format: "%7d  %13.0f  %9.0f  %8.2f  %8.2f  %8.2f  %8.2f  %11.2f  %7.2f", cluster.workers,
                cluster.predictions_per_second, cluster.batches_per_second, cluster.of_bare_pair_echoing,
                cluster.of_bare_pair_answering, cluster.of_bare_pair_by_coordinator_seconds,
                cluster.client_seconds_per_million_rows, cluster.coordinator_seconds_per_million_rows,
                cluster.workers_seconds_per_million_rows)
        }
        return (head + lines).joined(separator: "\n")
    }
}
