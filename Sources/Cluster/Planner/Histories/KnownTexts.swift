import DequeModule

/// The last text that was sent with each prompt id of a policy, within a bound of bytes. So a prompt can be named by its
/// id alone.
///
/// What was not sent or named for the longest time is removed first. All changes have an amortised constant cost.
struct KnownTexts: Sendable {
    private struct Entry {
        var text: String
        var use: UInt64
    }

    private struct Use {
        let promptID: String
        let number: UInt64
    }

    private var entries: [String: Entry] = [:]
    /// Uses in order. Those of an entry that was used again since, or removed, count no more.
    private var uses: Deque<Use> = []
    private var useNumber: UInt64 = 0
    /// Bytes of ids and texts, and what the entries need beside them.
    private(set) var bytes = 0

    /// What an entry needs in memory beside its id and text, about.
    private static let entryBytes = 128

    var count: Int { entries.count }

    subscript(promptID: String) -> String? { entries[promptID]?.text }

    /// All of them, for comparisons. Cost: linear.
    var all: [String: String] { entries.mapValues(\.text) }

    /// Keeps a text; `false` when it was known already.
    mutating func set(_ promptID: String, _ text: String) -> Bool {
        defer { recordUse(of: promptID) }
        guard let known = entries[promptID] else {
            entries[promptID] = Entry(text: text, use: 0)
            bytes += promptID.utf8.count + text.utf8.count + Self.entryBytes
            return true
        }
        guard known.text != text else { return false }
        bytes += text.utf8.count - known.text.utf8.count
        entries[promptID]?.text = text
        return true
    }

    /// Records that a prompt was named.
    mutating func recordUse(of promptID: String) {
        guard entries[promptID] != nil else { return }
        useNumber += 1
        entries[promptID]?.use = useNumber
        uses.append(Use(promptID: promptID, number: useNumber))
        guard uses.count > 2 * entries.count + 64 else { return }
        uses = Deque(uses.filter { entries[$0.promptID]?.use == $0.number })
    }

    /// Forgets a prompt.
    mutating func remove(_ promptID: String) {
        guard let entry = entries.removeValue(forKey: promptID) else { return }
        bytes -= promptID.utf8.count + entry.text.utf8.count + Self.entryBytes
    }

    /// Forgets the prompt that was not used for the longest time; returns its id, `nil` where there is none.
    mutating func removeOldest() -> String? {
        while let oldest = uses.popFirst() {
            guard entries[oldest.promptID]?.use == oldest.number else { continue }
            remove(oldest.promptID)
            return oldest.promptID
        }
        return nil
    }
}
