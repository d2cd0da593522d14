/// Prompts in the order of their ids' bytes: the only order in which plans are computed.
///
/// **All planning uses this order.** *Why:* ties are broken by id and sums are equal to the last bit, so the same
/// request in another order gives the same plan. *In practice:* index `rank` of every array inside the allocators
/// belongs to the input's row `rows[rank]`. *Otherwise:* two clients that list a batch in different orders get
/// different budgets, and a plan's id depends on the sender.
struct PromptOrder {
    /// By rank: index of the input's row.
    let rows: [Int]

    /// Throws `duplicatePrompt`. Cost: a sort of integers, as long as ids differ within eight bytes after their common
    /// prefix.
    init(_ ids: [String]) throws(PlanningError) {
        let shared = Self.sharedPrefix(ids)
        var entries = ids.enumerated().map { Entry(key: Self.key(of: $1, after: shared), row: $0) }
        entries.sort { left, right in
            left.key != right.key
                ? left.key < right.key : ids[left.row].utf8.lexicographicallyPrecedes(ids[right.row].utf8)
        }
        for (left, right) in zip(entries, entries.dropFirst())
        where left.key == right.key && ids[left.row].utf8.elementsEqual(ids[right.row].utf8) {
            throw .duplicatePrompt(promptID: ids[left.row])
        }
        rows = entries.map(\.row)
    }

    private struct Entry {
        let key: UInt64
        let row: Int
    }

    /// Length of the common prefix of all ids, such as `gsm8k/train/`.
    private static func sharedPrefix(_ ids: [String]) -> Int {
        guard let first = ids.first.map({ Array($0.utf8) }) else { return 0 }
        var shared = first.count
        for id in ids {
            var count = 0
            for (left, right) in zip(first.prefix(shared), id.utf8) {
                guard left == right else { break }
                count += 1
            }
            shared = count
        }
        return shared
    }

    /// Eight bytes as a number, the first byte highest. Missing bytes count as zero; equal keys are compared by whole
    /// ids.
    private static func key(of id: String, after shared: Int) -> UInt64 {
        var key: UInt64 = 0
        var count = 0
        for byte in id.utf8.dropFirst(shared).prefix(8) {
            key = key << 8 | UInt64(byte)
            count += 1
        }
        return count == 0 ? 0 : key << UInt64(8 * (8 - count))
    }
}
