import Wire

/// A trainer's report that is recorded part by part, so that no turn of the coordinator's thread is long.
///
/// Each part is durable before the next one is recorded. A trainer that loses its answer repeats the report; what was
/// recorded counts as duplicates then.
struct ReportInProgress: Sendable {
    let report: ReportOutcomes
    /// Who gets the answer.
    let peer: Peer
    /// Texts by prompt: one outcome with a text is enough for all outcomes of its prompt.
    let texts: [String: String]
    /// The answer so far.
    var answer: OutcomesRecorded
    /// Events of the parts so far.
    var seen: Set<String> = []
    private var next = 0

    init(_ report: ReportOutcomes, from peer: Peer, texts: [String: String]) {
        self.report = report
        self.peer = peer
        self.texts = texts
        answer = OutcomesRecorded(request: report.request, accepted: 0, duplicates: 0, rejected: [], decisions: [])
    }

    /// Whether all of its outcomes are recorded.
    var isWhole: Bool { next == report.outcomes.count }

    /// The next outcomes, at most `count`.
    mutating func nextPart(_ count: Int) -> Range<Int> {
        let part = next..<min(report.outcomes.count, next + min(count, report.outcomes.count))
        next = part.upperBound
        return part
    }
}
