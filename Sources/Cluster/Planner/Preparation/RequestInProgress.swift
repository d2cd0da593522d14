import Wire

/// A request for a plan whose outcomes are recorded part by part, so that no turn of the coordinator's thread is long. Its
/// plan is prepared when all are.
///
/// Each part is durable before the next one is recorded. A trainer that loses its plan repeats the request; what was recorded
/// counts as repeated then. What is left of a request that is refused meanwhile is not recorded.
struct RequestInProgress: Sendable {
    /// The request, without its outcomes.
    let request: RequestPlan
    let outcomes: [GroupOutcome]
    /// Digest of the request as it arrived.
    let identity: [UInt8]
    /// Texts by prompt: one outcome with a text is enough for all outcomes of its prompt.
    let texts: [String: String]
    /// Warnings of the plan so far.
    var warnings: [String] = []
    /// Events of the parts so far.
    var seen: Set<String> = []
    /// Outcomes that do not count.
    var rejected = 0
    private var next = 0

    init(_ request: RequestPlan, identity: [UInt8], texts: [String: String]) {
        outcomes = request.outcomes
        self.identity = identity
        self.texts = texts
        var request = request
        request.outcomes = []
        self.request = request
    }

    /// Whether all of its outcomes are recorded.
    var isWhole: Bool { next == outcomes.count }

    /// The next outcomes, at most `count`.
    mutating func nextPart(_ count: Int) -> Range<Int> {
        let part = next..<min(outcomes.count, next + min(count, outcomes.count))
        next = part.upperBound
        return part
    }
}
