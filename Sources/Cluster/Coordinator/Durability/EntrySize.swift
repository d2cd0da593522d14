import Wire

// How much memory an entry keeps until it is durable, about: what waits for the disk is bounded in bytes.

extension PlannerEntry {
    /// Bytes of its texts, and what each of its parts needs beside them.
    var bytesWaiting: Int {
        switch self {
        case .outcomesRecorded(_, let outcomes):
            outcomes.reduce(0) { $0 + Self.bytes(of: $1) }
        case .planOpened(let opening):
            opening.request.candidates.reduce(0) { $0 + Self.bytes(of: $1) }
        case .textsNamed(_, let texts): texts.reduce(0) { $0 + Self.bytes(of: $1) }
        case .predictionsReceived(_, let predictions): predictions.count * Self.partBytes
        case .textsForgotten(_, let names), .outcomesForgotten(_, let names): names.reduce(0) { $0 + Self.bytes($1) }
        case .groupReported(_, let report):
            report.references.reduce(report.rewards.count * 8 + Self.partBytes) { $0 + $1.utf8.count }
        case .planCut, .planForgotten, .outcomesTrimmed, .policyReduced, .policyForgotten, .attemptBegan:
            Self.partBytes
        }
    }

    static func bytes(of outcome: RecordedOutcome) -> Int {
        bytes(outcome.text, outcome.eventID, outcome.promptID) + outcome.rewards.count * 8
    }

    static func bytes(of candidate: PlanCandidate) -> Int { bytes(candidate.text, candidate.promptID) }

    static func bytes(of text: NamedText) -> Int { bytes(text.text, text.promptID) }

    /// Bytes of a part with these texts; the names in it are its sender's, and may be long.
    static func bytes(_ texts: String...) -> Int { texts.reduce(partBytes) { $0 + $1.utf8.count } }

    private static let partBytes = 256
}

extension JournalEntry {
    /// The same; a worker chooses the messages of its faults.
    var bytesWaiting: Int {
        switch self {
        case .shardAnswered(let answer):
            answer.faults.reduce(answer.answers.bytes.count + (answer.sources.count + 1) * Self.partBytes) {
                $0 + $1.message.utf8.count + Self.partBytes
            }
        case .answersWithdrawn(_, let shards): shards.count * 4 + Self.partBytes
        default: Self.partBytes
        }
    }

    private static let partBytes = 256
}
