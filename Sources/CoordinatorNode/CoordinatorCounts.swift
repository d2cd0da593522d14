import Cluster
import Logging
import Wire

/// Counts since the coordinator started, for reports and the log.
struct CoordinatorCounts {
    var received = 0
    var sent = 0
    /// Messages that were malformed or over the limits.
    var refused = 0
    /// Messages to peers that had left.
    var unroutable = 0
    var rowsAnswered = 0
    var rowErrors = 0

    /// Counts an entry that is durable now.
    mutating func add(_ entry: JournalEntry) {
        guard case .shardAnswered(let answer) = entry else { return }
        rowsAnswered += answer.answers.count
        rowErrors += answer.faults.count
    }

    /// Fills a report.
    func fill(_ report: inout CoordinatorReport) {
        report.messagesReceived = received
        report.messagesSent = sent
        report.messagesRefused = refused
        report.messagesUnroutable = unroutable
        report.rowsAnswered = rowsAnswered
        report.rowErrors = rowErrors
    }

    var metadata: Logger.Metadata {
        [
            "rows": "\(rowsAnswered)", "row_errors": "\(rowErrors)", "received": "\(received)", "sent": "\(sent)",
            "refused": "\(refused)", "unroutable": "\(unroutable)",
        ]
    }
}
