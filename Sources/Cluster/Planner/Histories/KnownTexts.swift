/// The last text that was sent with each prompt id of a policy, within a bound of bytes. So a prompt can be named by its
/// id alone.
///
/// What was not sent or named for the longest time is removed first. Each change costs one look-up: a plan names thousands of
/// prompts in one turn.
struct KnownTexts: Sendable {
    /// Entries in the order of their latest uses are linked by their places, so that none has to be searched.
    private struct Entry {
        var promptID: String
        var text: String
        /// Places of the neighbours in the order of use; −1 at the ends.
        var previous: Int
        var next: Int
    }

    private var places = GradualDictionary<String, Int>()
    private var entries: [Entry] = []
    /// Places without an entry.
    private var free: [Int] = []
    private var (oldest, newest) = (-1, -1)
    /// Bytes of ids and texts, and what the entries need beside them.
    private(set) var bytes = 0

    /// What an entry needs in memory beside its id and text, about.
    private static let entryBytes = 128

    var count: Int { places.count }

    subscript(promptID: String) -> String? { places[promptID].map { entries[$0].text } }

    /// All of them, for comparisons. Cost: linear.
    var all: [String: String] {
        Dictionary(uniqueKeysWithValues: places.elements.map { ($0.key, entries[$0.value].text) })
    }

    /// Keeps a text; `false` when it was known already.
    mutating func set(_ promptID: String, _ text: String) -> Bool {
        guard let place = places[promptID] else {
            append(promptID, text)
            return true
        }
        use(place)
        guard entries[place].text != text else { return false }
        bytes += text.utf8.count - entries[place].text.utf8.count
        entries[place].text = text
        return true
    }

    /// Records that a prompt was named.
    mutating func recordUse(of promptID: String) {
        if let place = places[promptID] { use(place) }
    }

    /// Forgets a prompt.
    mutating func remove(_ promptID: String) {
        guard let place = places.removeValue(forKey: promptID) else { return }
        unlink(place)
        bytes -= promptID.utf8.count + entries[place].text.utf8.count + Self.entryBytes
        entries[place] = Entry(promptID: "", text: "", previous: -1, next: -1)
        free.append(place)
    }

    /// Forgets the prompt that was not used for the longest time; returns its id, `nil` where there is none.
    mutating func removeOldest() -> String? {
        guard oldest >= 0 else { return nil }
        let promptID = entries[oldest].promptID
        remove(promptID)
        return promptID
    }

    /// What is wrong with the order of uses; for tests and simulation.
    var brokenInvariants: [String] {
        var (place, previous, linked, sum) = (oldest, -1, 0, 0)
        while place >= 0, linked <= places.count {
            let entry = entries[place]
            if entry.previous != previous || places[entry.promptID] != place {
                return ["the order of texts is broken at \(entry.promptID)"]
            }
            sum += entry.promptID.utf8.count + entry.text.utf8.count + Self.entryBytes
            (previous, place, linked) = (place, entry.next, linked + 1)
        }
        let isWhole =
            linked == places.count && previous == newest && places.count + free.count == entries.count
            && places.fillings.reduce(0) { $0 + $1.count } == places.count
        return isWhole && sum == bytes
            ? [] : ["\(linked) texts of \(sum) bytes are in order, \(places.count) of \(bytes) are kept"]
    }

    // MARK: Helpers

    private mutating func append(_ promptID: String, _ text: String) {
        let entry = Entry(promptID: promptID, text: text, previous: -1, next: -1)
        let place = free.popLast() ?? entries.count
        if place < entries.count { entries[place] = entry } else { entries.append(entry) }
        places[promptID] = place
        bytes += promptID.utf8.count + text.utf8.count + Self.entryBytes
        link(place)
    }

    /// Puts an entry at the end of the order.
    private mutating func use(_ place: Int) {
        guard place != newest else { return }
        unlink(place)
        link(place)
    }

    private mutating func link(_ place: Int) {
        (entries[place].previous, entries[place].next) = (newest, -1)
        if newest >= 0 { entries[newest].next = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (previous, next) = (entries[place].previous, entries[place].next)
        if previous >= 0 { entries[previous].next = next } else { oldest = next }
        if next >= 0 { entries[next].previous = previous } else { newest = previous }
    }
}
