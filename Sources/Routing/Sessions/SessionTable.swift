/// Which model a session used last. A plain value with a bounded number of sessions; the longest unused go first.
public struct SessionTable: Sendable {
    /// The caller's clock.
    public typealias Instant = ContinuousClock.Instant

    private struct Entry {
        var model: Int
        var tokens: Int
        var used: Instant
        /// Number of this use; an older entry of `order` with another number is out of date.
        var turn: Int
    }

    /// What is known of a session.
    public struct Known: Hashable, Sendable {
        /// Index of the model.
        public let model: Int
        /// Tokens of its last prompt that are expected in the endpoint's prompt cache.
        public let cachedTokens: Int
    }

    private let rules: SessionRules
    private let countMax: Int
    private var entries: [String: Entry] = [:]
    private var order: [(session: String, turn: Int)] = []
    private var first = 0
    private var turns = 0

    /// An empty table.
    public init(_ rules: SessionRules, countMax: Int = 65_536) {
        self.rules = rules
        self.countMax = max(1, countMax)
    }

    /// Number of sessions.
    public var count: Int { entries.count }

    /// A session; `nil` if it is new, or was unused for too long.
    public func known(_ session: String, now: Instant) -> Known? {
        guard let entry = entries[session], now - entry.used <= rules.idle else { return nil }
        return Known(model: entry.model, cachedTokens: now - entry.used <= rules.cache ? entry.tokens : 0)
    }

    /// A session's request was answered by a model; its prompt had so many tokens.
    public mutating func used(_ session: String, model: Int, tokens: Int, now: Instant) {
        turns += 1
        entries[session] = Entry(model: model, tokens: tokens, used: now, turn: turns)
        order.append((session, turns))
        while entries.count > countMax || isOutdated(order[first], now) {
            let oldest = order[first]
            first += 1
            if entries[oldest.session]?.turn == oldest.turn { entries[oldest.session] = nil }
        }
        guard first > countMax || order.count - first > 4 * countMax else { return }
        order = order[first...].filter { entries[$0.session]?.turn == $0.turn }
        first = 0
    }

    private func isOutdated(_ oldest: (session: String, turn: Int), _ now: Instant) -> Bool {
        guard let entry = entries[oldest.session], entry.turn == oldest.turn else { return true }
        return now - entry.used > rules.idle
    }

    /// The decision of a request: that of the rule, or the session's model where it stays with it.
    ///
    /// It leaves its model when that is excluded: too long a prompt, a failure, a limit. `candidates` are in the fleet's order.
    public func decide(_ decision: RouteDecision, known: Known?, candidates: [RouteCandidate]) -> RouteDecision {
        guard rules.stays, let known, candidates.indices.contains(known.model) else { return decision }
        switch candidates[known.model].exclusion {
        case nil, .insufficientEvidence?: break
        default: return decision
        }
        return RouteDecision(
            model: known.model, reason: .session, ranking: [known.model] + decision.ranking.filter { $0 != known.model }
        )
    }
}
