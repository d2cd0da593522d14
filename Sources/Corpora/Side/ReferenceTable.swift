import Scoring

/// Outcomes of many policies on many prompts, found by the prompt's id or text.
///
/// It keeps hashes of ids and texts, not the strings: 16 bytes an outcome, and 12 bytes for each id and each text, so a
/// million prompts with three outcomes need about 90 MB. Two ids of one 64-bit hash would count as one (3 in 10⁸ for a
/// million).
struct ReferenceTable: Sendable {
    private struct Entry {
        /// Index of the prompt's former entry plus 1; 0 at the first.
        let former: UInt32
        let source: UInt16
        let reward: Float
        let n: UInt32
    }

    /// Policies with an outcome.
    private(set) var sources: [Policy] = []
    private var numbers: [Policy: UInt16] = [:]
    /// That of the last outcome: files have the rows of a policy together.
    private var last: (policy: Policy, number: UInt16)?
    /// Hashes of ids and texts, with the numbers of their prompts.
    private var keys = IDTable()
    /// By prompt: index of its latest entry plus 1.
    private var latest: [UInt32] = []
    private var entries: [Entry] = []

    /// Policies beyond this many are an error: such a file has no ids of policies.
    static let sourcesMax = Int(UInt16.max)

    /// Number of outcomes.
    var count: Int { entries.count }

    /// Adds an outcome, to that of the policy on this prompt if there is one; `false` if there are too many policies.
    mutating func add(_ outcome: Outcome, of policy: Policy, id: String?, text: String?) -> Bool {
        guard let source = source(of: policy), entries.count < Int(UInt32.max) else { return false }
        let prompt = number(id: id, text: text)
        var place = latest[prompt]
        while place > 0 {
            let entry = entries[Int(place) - 1]
            if entry.source == source, let sum = Self.outcome(entry)?.adding(outcome) {
                entries[Int(place) - 1] = Entry(
                    former: entry.former, source: source, reward: Float(sum.reward), n: UInt32(clamping: sum.n))
                return true
            }
            place = entries[Int(place) - 1].former
        }
        entries.append(
            Entry(
                former: latest[prompt], source: source, reward: Float(outcome.reward),
                n: UInt32(clamping: outcome.n)))
        latest[prompt] = UInt32(entries.count)
        return true
    }

    /// The number of the prompt with an id, else of that with a text.
    func prompt(id: String?, text: String) -> Int? {
        if let id, let number = keys.number(of: IDTable.hash(id)) { return Int(number) }
        return keys.number(of: Self.hash(text: text)).map(Int.init)
    }

    /// Calls `body` with every outcome of a prompt.
    func forEach(of prompt: Int, _ body: (_ source: Int, Outcome) -> Void) {
        var place = latest[prompt]
        while place > 0 {
            let entry = entries[Int(place) - 1]
            if let outcome = Self.outcome(entry) { body(Int(entry.source), outcome) }
            place = entry.former
        }
    }

    /// Rewards are kept as float32; those that are k of n are exact again here.
    private static func outcome(_ entry: Entry) -> Outcome? {
        let (reward, n) = (Double(entry.reward), Int(entry.n))
        let k = (reward * Double(n)).rounded()
        if n > 1, abs(k / Double(n) - reward) < 1e-6 { return Outcome(k: Int(k), n: n) }
        return Outcome(reward: reward, n: n)
    }

    private mutating func source(of policy: Policy) -> UInt16? {
        if let last, last.policy == policy { return last.number }
        if let number = numbers[policy] {
            last = (policy, number)
            return number
        }
        guard sources.count < Self.sourcesMax else { return nil }
        let number = UInt16(sources.count)
        numbers[policy] = number
        sources.append(policy)
        return number
    }

    /// The prompt's number; a new one if neither id nor text is known.
    private mutating func number(id: String?, text: String?) -> Int {
        // Most rows have one of the two: one look-up, which adds it where it is new.
        let new = UInt32(latest.count)
        guard let id, let text else {
            guard let hash = id.map(IDTable.hash) ?? text.map(Self.hash(text:)) else {
                latest.append(0)
                return Int(new)
            }
            if let known = keys.insert(hash, number: new) { return Int(known) }
            latest.append(0)
            return Int(new)
        }
        let (idHash, textHash) = (IDTable.hash(id), Self.hash(text: text))
        let known = keys.number(of: idHash) ?? keys.number(of: textHash)
        if known == nil { latest.append(0) }
        _ = keys.insert(idHash, number: known ?? new)
        _ = keys.insert(textHash, number: known ?? new)
        return Int(known ?? new)
    }

    /// Another hash than that of an id with the same characters. The fast one: texts are long, and the table is not kept.
    private static func hash(text: String) -> UInt64 { StableHash(words: text, seed: 0x7E57).mixed }
}
