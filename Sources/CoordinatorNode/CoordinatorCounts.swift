import Cluster
import Logging
import Wire

/// What a line of the log counts, since the coordinator started.
struct CoordinatorCounts {
    var received = 0
    var sent = 0
    /// Messages that could not be read or were over the limits.
    var refused = 0
    /// Messages to peers that were gone.
    var unroutable = 0
    var rowsAnswered = 0
    var rowErrors = 0

    /// Counts only what is durable.
    mutating func note(_ entry: JournalEntry) {
        guard case .shardAnswered(let answer) = entry else { return }
        rowsAnswered += answer.answers.count
        rowErrors += answer.faults.count
    }

    var metadata: Logger.Metadata {
        [
            "rows": "\(rowsAnswered)", "row_errors": "\(rowErrors)", "received": "\(received)", "sent": "\(sent)",
            "refused": "\(refused)", "unroutable": "\(unroutable)",
        ]
    }
}
