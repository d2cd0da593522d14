import Cluster

/// Counts since the coordinator started, for reports and the log.
struct CoordinatorCounts {
    var received = 0
    var sent = 0
    /// Messages that were malformed or over the limits.
    var refused = 0
    /// Messages to peers that had left.
    var unroutable = 0

    /// Fills a report.
    func fill(_ report: inout CoordinatorReport) {
        report.messagesReceived = received
        report.messagesSent = sent
        report.messagesRefused = refused
        report.messagesUnroutable = unroutable
    }
}
