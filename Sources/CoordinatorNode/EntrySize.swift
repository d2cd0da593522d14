import Cluster
import Wire

// How much memory an entry keeps until it is durable, about: what waits for the disk is bounded in bytes.

extension PlannerEntry {
    /// Bytes of its texts, and what each of its parts needs beside them.
    var bytesWaiting: Int {
        switch self {
        case .outcomesRecorded(_, let outcomes):
            outcomes.reduce(0) { $0 + $1.text.utf8.count + $1.rewards.count * 8 + Self.partBytes }
        case .planOpened(let opening):
            opening.request.candidates.reduce(0) { $0 + $1.text.utf8.count + Self.partBytes }
        case .textsNamed(_, let texts): texts.reduce(0) { $0 + $1.text.utf8.count + Self.partBytes }
        case .predictionsReceived(_, let predictions): predictions.count * Self.partBytes
        case .textsForgotten(_, let promptIDs): promptIDs.count * Self.partBytes
        case .planCut, .groupReported, .planForgotten, .outcomesTrimmed, .policyForgotten, .outcomesForgotten,
            .attemptBegan:
            Self.partBytes
        }
    }

    private static let partBytes = 256
}

extension JournalEntry {
    /// The same.
    var bytesWaiting: Int {
        if case .shardAnswered(let answer) = self { answer.answers.count * 20 + 256 } else { 256 }
    }
}
