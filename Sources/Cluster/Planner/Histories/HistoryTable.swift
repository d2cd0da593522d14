/// The histories of a planner's policies, with what they have together: at each report and message a sum is read, and there
/// may be a thousand policies. Cost of reading a sum: constant. A change in place costs two look-ups more.
struct HistoryTable: Sendable {
    /// What histories have together.
    struct Sums: Hashable, Sendable {
        /// Bytes of outcomes and texts, about.
        var bytes = 0
        /// Those of them that are texts.
        var textBytes = 0
        var outcomes = 0

        init() {}

        init(_ history: PolicyHistory?) {
            guard let history else { return }
            (bytes, textBytes, outcomes) = (history.bytes, history.knownTexts.bytes, history.outcomes.count)
        }

        static func += (sums: inout Sums, more: Sums) {
            sums.bytes += more.bytes
            sums.textBytes += more.textBytes
            sums.outcomes += more.outcomes
        }

        static func -= (sums: inout Sums, less: Sums) {
            sums.bytes -= less.bytes
            sums.textBytes -= less.textBytes
            sums.outcomes -= less.outcomes
        }
    }

    /// By policy.
    private(set) var all: [String: PolicyHistory] = [:]
    private(set) var sums = Sums()
    /// Policies that came, left or were used since `takeChanged` was called last.
    private var changed: Set<String> = []

    var count: Int { all.count }

    /// A policy's history; it is changed in place.
    subscript(policyID: String) -> PolicyHistory? {
        get { all[policyID] }
        _modify {
            let use = leave(policyID)
            defer { enter(policyID, lastUsed: use) }
            yield &all[policyID]
        }
    }

    /// The same, with `history` for a policy that has none.
    subscript(policyID: String, default history: PolicyHistory) -> PolicyHistory {
        get { all[policyID] ?? history }
        _modify {
            let use = leave(policyID)
            defer { enter(policyID, lastUsed: use) }
            yield &all[policyID, default: history]
        }
    }

    /// Number of the latest use of a policy; `nil` without a history.
    func lastUse(of policyID: String) -> UInt64? { all[policyID]?.lastUse }

    /// Removes and returns the policies that came, left or were used.
    mutating func takeChanged() -> Set<String> {
        guard !changed.isEmpty else { return [] }
        defer { changed = [] }
        return changed
    }

    private mutating func leave(_ policyID: String) -> UInt64? {
        guard let history = all[policyID] else { return nil }
        sums -= Sums(history)
        return history.lastUse
    }

    private mutating func enter(_ policyID: String, lastUsed use: UInt64?) {
        let history = all[policyID]
        sums += Sums(history)
        if history?.lastUse != use { changed.insert(policyID) }
    }

    /// What is wrong with the sums; for tests and simulation.
    var brokenInvariants: [String] {
        var counted = Sums()
        for history in all.values { counted += Sums(history) }
        return (counted == sums ? [] : ["\(sums) are kept, the histories have \(counted)"])
            + all.values.flatMap(\.brokenInvariants)
    }
}
